"""`looksay describe`: pictures and clips on request, each in one line.

Sentences go to `out` (or to a file, image_files/sink.py) and everything else to `err`. A picture that cannot be read or
described is an error on `err` and never a line of text; the others go on.
"""

from app.commands.describe.lines import Page
from app.commands.describe.run import run
from app.commands.describe.task import Task
from app.image_files.inputs import Roads
from app.image_files.sink import Captions

__all__ = ["Captions", "Page", "Roads", "Task", "run"]
