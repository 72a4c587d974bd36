"""The page: what a browser shows of a run, and how it steers it.

What happens comes in through page (the output), on to hub and board (what is shown), and goes out as events through
feed, as pictures, or saved. What people ask comes in through site, and becomes wishes in commands; answers waits for
answers; eye_socket takes a browser's camera. files has what the browser is given, from static/.

Who may come in: address (where it is, and by which names), rules and guard (who, and with what), shields (headers),
tls (a certificate). uvicorn serves all of it, set up in uvicorn_config.
"""
