"""What is written on disk: videos and captions."""
