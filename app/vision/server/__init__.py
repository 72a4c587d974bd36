"""Models behind an OpenAI-compatible server: what it says of itself, and how it is shown a picture."""
