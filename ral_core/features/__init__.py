"""Numbers a model can eat: visual and word features."""
