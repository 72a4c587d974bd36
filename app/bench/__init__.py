"""`./run.sh bench`: how fast looksay is on this machine, beside the ways in which mlx-vlm is used elsewhere.

    clips ──▶ rounds ──▶ takes ──▶ result ──▶ grids ──▶ terminal · Markdown · comparison
    frames    rows in     one        medians,
              turns       caption    ratios: the JSON

command.py is the command, ways.py its rows, subject.py the model and machine measured. rows.py measures one caption,
rounds.py orders them, summary.py and spread.py make medians and ratios. live.py plays a clip as filmed. machine.py says
what it ran on. result.py is the JSON; grid.py makes cells of it for table.py, which prints them; compare.py holds it
against an older one. geometry.py makes a model of a real one's size, of random numbers; baselines.py is mlx-vlm as
other programs use it.
"""
