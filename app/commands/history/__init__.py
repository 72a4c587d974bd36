"""Looking back at a log: what was said, and when; and taking it away for good.

entries.py   the log, line by line, whatever else is in the file;  find.py, since.py: which of them are wanted
show.py      the list;  wipe.py: the end of a log and of its thumbnails
"""

from app.commands.history.show import Wanted, look_back
from app.commands.history.wipe import wipe

__all__ = ["Wanted", "look_back", "wipe"]
