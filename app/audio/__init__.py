"""Sound: speech.py (what is spoken when), tts.py and neural.py (engines and voices), earcons.py (short sounds),
playback.py (audio outputs), vad.py (`--hush`: is anyone speaking?).
"""
