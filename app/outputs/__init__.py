"""Where sentences go: one file an output."""
