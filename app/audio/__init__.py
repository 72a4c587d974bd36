"""Sound: speech, earcons, playback and voice activity detection.

speech.py decides who speaks when, voice.py is its thread; engines.py chooses what speaks: tts.py (`say`, espeak-ng) or
neural.py; voices.py lists them. earcons.py makes short sounds, playback.py plays samples. vad.py listens through the
microphone whether somebody speaks, judged by hush.py.
"""
