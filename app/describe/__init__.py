"""`looksay describe`: pictures and clips on request, each in one line.

Sentences go to `out` (or to a file, captions.py) and everything else to `err`. A picture that cannot be read or
described is an error on `err` and never a line of text; the others go on.
"""

from app.describe.captions import Captions
from app.describe.lines import Page
from app.describe.roads import Roads
from app.describe.run import run
from app.describe.task import Task

__all__ = ["Captions", "Page", "Roads", "Task", "run"]
