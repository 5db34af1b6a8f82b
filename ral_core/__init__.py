"""RAL Explorer: find the untrimmed video that holds a described moment, and see why."""

__version__ = "0.1.0"
