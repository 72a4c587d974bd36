"""A model behind an OpenAI-compatible server (`--backend server`).

client.py       where a server is, its key, requests, and what a refusal means
discovery.py    which server it is, what it says of its models, which one is chosen
describer.py    the request, and a describer that sends it
completion.py   the streamed answer
"""
