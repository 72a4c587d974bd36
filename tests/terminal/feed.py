"""A program that shows events as the app would: `python -m tests.terminal.feed STEPS [--json]`.

STEPS is a file or a pipe; each line of it is a JSON list, an event: `["say", "A red circle.", "scene"]`.
"""

import json
import os
import sys
from pathlib import Path
from threading import Event, Thread

from app.terminal.lines import JsonLines, PlainLines, wants_plain
from app.terminal.live import LiveTerminal
from tests.terminal.stage import again, asking, growing, notice, sentence, status

EVENTS = {"say": sentence, "grow": growing, "notice": notice, "status": status, "ask": asking, "again": again}
Screen = PlainLines | LiveTerminal


def open_screen() -> Screen:
    if "--json" in sys.argv:
        return JsonLines()
    return PlainLines() if wants_plain(sys.stdout, sys.stderr, os.environ) else LiveTerminal()


def feed(screen: Screen, until: Event, steps: Path) -> None:
    with steps.open() as lines:
        for what, *words in map(json.loads, lines):
            screen.tell(EVENTS[what](*words))
    until.set()


def main(steps: Path) -> int:
    """0: all events were shown; 3: the reader of stdout has gone."""
    screen, until = open_screen(), Event()
    Thread(target=feed, args=(screen, until, steps), daemon=True).start()
    has_reader = screen.run(until)
    screen.close()
    return 0 if has_reader else 3


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
