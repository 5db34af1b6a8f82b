"""Pages: each draws what the analysis computed."""
