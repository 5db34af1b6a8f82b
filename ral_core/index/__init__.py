"""Many videos, found fast."""
