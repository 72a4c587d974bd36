"""`./run.sh serve`: an OpenAI-compatible server of the model, for this machine alone.

    client ──▶ guard ──▶ schema ──▶ runtime
               who?      what?      mlx-vlm's own server, with a checked model and nothing to load another with

app.py starts and ends it; told.py prints where it is. guard.py lets in who has the key (key.py), from this machine and
no web page; body.py reads a request within limits; parsed.py and schema.py keep what may pass, shown.py the pictures;
answer.py hands back the answer, refusal.py an error in OpenAI's form.
"""
