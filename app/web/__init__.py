"""The page: what a browser shows of a run, and how it steers it.

server.py is the output that events come in through; hub.py and state.py hold what is shown; stream.py sends it as
server-sent events (events.py), pictures.py as JPEG, saved.py as files. routes.py has the addresses; commands.py makes
commands of what is posted; answers.py waits for answers; camera.py takes a browser's camera. files.py serves static/.

Access: address.py (where it is, and by which names), asked.py, rules.py and guard.py (who may ask for what), shields.py
(headers), tls.py (a certificate). uvicorn serves all of it, set up in uvicorn_config.py.
"""
