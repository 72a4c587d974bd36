"""`./run.sh serve`: an OpenAI-compatible server of the model, for this machine alone.

app.py       starts and ends it, and says how to use it
guard.py     the key, who may ask, and for what, with app/security.py
schema.py    what a request may contain, and refusals in OpenAI's form
runtime.py   mlx_vlm.server, with the model that was checked
"""
