"""The terminal: what a run prints, and the keys that steer it.

live.py draws the growing sentence and the status line (region.py: the lines it redraws); plain.py and json_lines.py
print lines; lines.py is what the three have in common, inbox.py the queue in front of them. echo.py shows a question as
it is typed, summary.py the last line of a run. keyboard.py reads keys: mode.py sets the terminal, decoder.py makes keys
of bytes, presses.py commands of keys.
"""
