"""Where frames come from: one file a source. `choose.open_source` decides which; `tend` keeps a camera going."""
