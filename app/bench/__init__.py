"""`./run.sh bench`: how fast looksay is on this machine, beside the ways in which mlx-vlm is used elsewhere.

    clips ──▶ rounds ──▶ takes ──▶ result ──▶ grids ──▶ terminal · Markdown · comparison
    frames    rows in     one        medians,
              turns       caption    ratios: the JSON

rows.py is one caption measured, rounds.py who describes what in which order, summary.py and spread.py what is made of
it. live.py plays a clip as filmed. machine.py says what it ran on. result.py is the JSON; grid.py makes words of it
for table.py, which is the terminal and Markdown, and compare.py holds it against an older one. geometry.py makes a
model of a real one's size, of random numbers. Which rows there are says wiring/bench_rows.py.
"""
