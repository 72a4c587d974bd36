"""`./run.sh bench`: how fast looksay is on this machine, beside the ways in which mlx-vlm is used elsewhere.

command.py     the command
subject.py     the model and the machine;  ways.py: the rows;  baselines.py: mlx-vlm as other programs use it
rounds.py      measuring: rows in turns over the same frames, and a clip played live
results.py     medians and ratios, the table, JSON, the comparison with an older result
"""
