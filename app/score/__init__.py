"""How good a narration is: a clip is played, and what is told is held against what was true.

truth.py   what was true when, from a JSON file           log_reader.py    what was told when, from a run or its log
fake_clock.py   a clock that only work and frames move on      replay.py    a clip narrated on that clock
baseline.py the loop that describes every second           metrics.py   what was told against what was true
marks.py   the shares and delays of many verdicts         table.py   both loops side by side, and the bars
"""
