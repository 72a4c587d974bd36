"""A model behind an OpenAI-compatible server: what the server says of itself, and how it is shown a picture.

`./run.sh check URL` asks through this; a --backend of the narrator it is not yet.
"""
