"""What turns frames into words: one file a backend."""
