"""A model behind an OpenAI-compatible server.

select.py             which server and which model; its check and sight test
place.py, key.py      its address, and the API key
client.py             HTTP requests; wire.py, reply.py: the socket and the response on it
refusal.py            what a status code means
discovery.py          which server it is, and what it says of its models
payload.py            the request;  describer.py: a describer that sends it
completion.py         the streamed answer;  events.py: server-sent events;  aloud.py: the answer without its reasoning
"""
