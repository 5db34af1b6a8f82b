"""A folder of videos becomes a library that can be searched."""
