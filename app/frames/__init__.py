"""Change detection and visibility: when a frame is worth describing, decided on pixels alone."""
