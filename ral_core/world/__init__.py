"""The rendered world: scene graphs, language, truth, drawing."""
