"""A sentence in, moments out."""
