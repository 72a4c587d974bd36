"""`./run.sh score`: how good a narration is: a clip is played, and its sentences are compared with the truth.

command.py      the command
truth.py        what was true when, from a JSON file;  log_reader.py: what was said when, from a run or its log
replay.py       a clip narrated on a clock of its own, by looksay and by a loop that describes every second
metrics.py      sentences against the truth: shares and delays;  table.py: both loops side by side
"""
