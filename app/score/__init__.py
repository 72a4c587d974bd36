"""`./run.sh score`: how good a narration is, on clips whose content is known.

truth.py      what is true when, from a JSON file        narration.py  what was said when, from a run or its log
metrics.py    the one compared with the other            report.py     shares and delays, as a table or as JSON
"""
