"""Outputs that are files and commands: log.py, subtitles.py, thumbnails.py, and hook.py for `--then`.

fanout.py passes every event to every output of a run, those of audio/, terminal/ and web/ included.
"""
