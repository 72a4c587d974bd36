"""The live run: frames in, sentences out, and the commands that control it.

session.py           threads, switching, the end    narrator.py    the loop, for one camera and for several
captioner.py         a description, as it comes     controls.py    commands of keyboard and page
caption_quality.py   empty, garbled, looping text   watch.py       --watch: alerts
stall.py             a model that does not answer   labels.py      camera names, added counts
once.py              `ask`: one question
"""
