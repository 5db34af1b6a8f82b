"""Questions about a model, answered without drawing."""
