"""`./run.sh bench`: how fast looksay is on this machine, compared with the usual ways of using mlx-vlm.

command.py        the command: what is measured, with what, on what
rows.py           the rows, one caption of each, and rounds;  baselines.py: mlx-vlm as other programs use it
live_figures.py   a clip narrated as filmed: frame age, CPU
result.py         medians, ratios and comparisons: the JSON;  table.py: the tables
geometry.py       a model of random weights in a real one's size
"""
