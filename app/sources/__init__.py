"""Where frames come from: one file a source. `open_source` decides which; `tend` keeps a camera's process going."""
