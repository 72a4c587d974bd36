"""The model for other programs: `./run.sh serve`, an OpenAI-compatible server on this machine alone.

    client ──▶ guard ──▶ asked ──▶ engine
               who?      what?     mlx-vlm's own server, with a checked model and nothing to load another with

guard.py lets in who has the key (key.py), from this machine and no web page; body.py reads what they send, within
limits; parsed.py and asked.py keep of it what may pass, shown.py the pictures; answer.py hands back what comes of it,
and refusal.py what does not, in OpenAI's form. run.py starts and ends it all, and told.py says where it is.
"""
