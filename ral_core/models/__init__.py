"""Tensors in, scores out: one paper, one file."""
