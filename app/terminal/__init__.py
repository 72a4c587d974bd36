"""The terminal: what a run prints, and the keys that control it.

`live` draws the sentence in the making and a status line; `lines` writes plain lines and JSON lines; `inbox` is the
queue in front of both. `keyboard` turns keys into commands.
"""
