"""Several cameras and one model: a narrator for each camera, all of them fed in turn.

config.py    which cameras, and the settings of each: from flags or from cameras.toml
source.py    several cameras as one source;  turns.py: whose turn it is
loop.py      the live loop: who is looked at next, and how many descriptions are under way
naming.py    sentences with their camera's name;  orders.py: commands for all of them
outages.py   one notice for a model that cannot be asked
asked.py     `ask` of several cameras
"""
