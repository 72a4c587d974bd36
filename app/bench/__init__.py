"""`./run.sh bench`: how fast looksay is on this machine, beside the ways in which mlx-vlm is used elsewhere.

    clips ──▶ rounds ──▶ takes ──▶ result ──▶ table · markdown · JSON · comparison
    frames    rows in     one        medians,
              turns       caption    ratios

rows.py is one caption measured, rounds.py who describes what in which order, summary.py and spread.py what is made of
it. live.py plays a clip as filmed. result.py is the JSON, from which table.py, markdown.py and compare.py read alone.
geometry.py makes a model of a real one's size, of random numbers. Which rows there are says wiring/bench.py.
"""
