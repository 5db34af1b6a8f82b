"""How it gets better."""
