"""Where sentences go: one file an output.

Screens, one a run: terminal, plain, json_lines (what they share: screen, inbox, summary; region, echo).
Beside them: log, thumbnails, voice (and the engines that speak). Fan tells them all; records (with clock) and harmless
word what is written.
"""
