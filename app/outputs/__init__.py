"""Outputs that are files and commands: the log, subtitles, thumbnails, and `--then`.

log.py writes what records.py makes of a sentence (times by clock.py); logbook.py finds the last log again. subtitles.py
writes the cues of cues.py. Both write through writer.py. hook.py runs the command of `--then`. fanout.py sends
everything to every output of a run, those of audio/, terminal/ and web/ too.
"""
