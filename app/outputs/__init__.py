"""Where sentences go: one file an output.

Screens, one a run: terminal, plain, json_lines (what they share: screen, inbox, summary; region, echo).
Beside them: log and subtitles (placed by cues), which write through writer; thumbnails, command, earcons, voice (judged
by turns), and microphone (judged by hush), for which the voice waits; and page/, a room inside the room. Engines speak
for the voice: programs, neural; voices lists theirs; player makes sound of samples. Fan tells them all; records (with
clock) and harmless word what is written.
"""
