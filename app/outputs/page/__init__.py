"""The page: what a browser shows of a run, and how it steers it.

Who may come in: address (where it is, and by which names), door (how many), rules and guard (who, and with what),
rates, shields (headers), tls (a certificate). Bounds hands all of it to the server.
"""
