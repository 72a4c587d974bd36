"""The page: what a browser shows of a run, and how it controls it.

page_server.py  where it is served, by uvicorn;  tls.py: its certificate
access.py     who is let in, with app/security.py
routes.py     the JSON API and the files of static/;  commands.py: what each request may contain
state.py      what the page shows;  event_stream.py: its events, as server-sent events;  pictures.py: previews
camera.py     a browser's camera, over a web socket
"""
