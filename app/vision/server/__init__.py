"""A model behind an OpenAI-compatible server.

place.py, key.py     where it is, and what it is shown to be let in
wire.py, reply.py    one socket in slices, and an HTTP answer on it; talk.py: one road for every question
refusal.py           what a status means
served.py            which server it is, and what it says of its models
payload.py           what it is asked;  describer.py: a describer that asks it
events.py, answer.py its answer as it comes;  aloud.py: what of it may be spoken
launch.py, leash.py  llama-server, for as long as it is needed;  reason.py: why it refuses
"""
