"""Several cameras and one model: their configuration, and one source made of all of them (the loop: app/live)."""
