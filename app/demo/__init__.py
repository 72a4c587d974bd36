"""The drawn demo world: its scenes, what happens in them, and a source that plays it."""
