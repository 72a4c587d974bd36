"""The demo world: drawn scenes with true captions (`scenes`), what happens in them (`script`), a source (`source`)."""
