"""A program that shows happenings as the app would: `python -m tests.terminal.feed STEPS [--json]`.

STEPS is a file or a pipe; every line of it is a JSON list, what to tell: `["say", "A red circle.", "scene"]`.
"""

import json
import os
import sys
from pathlib import Path
from threading import Event, Thread

from app.terminal.lines import Screen, wants_plain
from tests.terminal.stage import again, asking, growing, notice, sentence, status

TOLD = {"say": sentence, "grow": growing, "notice": notice, "status": status, "ask": asking, "again": again}


def screen() -> Screen:
    if "--json" in sys.argv:
        from app.terminal.lines import JsonLines

        return JsonLines()
    if wants_plain(sys.stdout, sys.stderr, os.environ):
        from app.terminal.lines import Plain

        return Plain()
    from app.terminal.live import Terminal

    return Terminal()


def feed(shown: Screen, until: Event, steps: Path) -> None:
    with steps.open() as lines:
        for what, *words in map(json.loads, lines):
            shown.tell(TOLD[what](*words))
    until.set()


def main(steps: Path) -> int:
    """0: all is shown; 3: nobody read it."""
    shown, until = screen(), Event()
    Thread(target=feed, args=(shown, until, steps), daemon=True).start()
    is_read = shown.run(until)
    shown.close()
    return 0 if is_read else 3


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
