"""What the page's addresses share. Everything here is used on the server's thread; happenings are brought to it."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.events import Command, Frame, FramePreview, Pause, RunEvent, Sentence, UpdateSettings
from app.images import encode_jpeg
from app.protocols import RunControls
from app.sources.eye import Eye
from app.web.answers import Answers
from app.web.events import Event
from app.web.pictures import SMALL, Pictures
from app.web.state import Board
from app.web.stream import Feed

THUMBNAILS = 200
"""Kept in memory, the newest, each of some 8 KB."""


@dataclass(slots=True)
class Hub:
    """One run, as its windows see it."""

    controls: RunControls
    eye: Eye
    token: str
    board: Board
    pictures: Pictures
    feed: Feed = field(default_factory=Feed)
    answers: Answers = field(default_factory=Answers)
    thumbnails: OrderedDict[int, bytes] = field(default_factory=OrderedDict)

    def take(self, happening: RunEvent, now: float) -> None:
        """Something has happened at `now` (monotonic s)."""
        self.answers.take(happening)
        if isinstance(happening, FramePreview):
            self.pictures.show(happening)
        events = self.board.take(happening, now)
        if isinstance(happening, Sentence) and self.board.has_thumbnails:
            self.keep(self.board.count, happening.frame)
        self.tell(events)

    def send(self, *commands: Command) -> None:
        """Settings are shown at once: while no frame comes, the narrator has no turn to change them in."""
        before = self.board.setup
        for command in commands:
            if isinstance(command, UpdateSettings):
                self.board.setup = replace(self.board.setup, **command.changes)
            if isinstance(command, Pause):
                self.board.setup = replace(self.board.setup, is_stopped=bool(command.is_paused))
        if self.board.setup != before:
            self.tell([self.board.set()])
        for command in commands:
            self.controls.send(command)

    def tell(self, events: Sequence[Event]) -> None:
        if events:
            self.feed.tell(events)

    def keep(self, number: int, frame: Frame) -> None:
        self.thumbnails[number] = encode_jpeg(frame.pixels, SMALL)
        while len(self.thumbnails) > THUMBNAILS:
            self.thumbnails.popitem(last=False)

    def keep_thumbnails(self, *, is_wanted: bool) -> None:
        """From now on, or no more; those that there are go with the wish."""
        self.board.has_thumbnails = is_wanted
        if not is_wanted:
            self.thumbnails.clear()
        self.tell([self.board.set()])

    def snapshot(self) -> dict[str, object]:
        return self.board.snapshot(time.monotonic())

    def beginning(self) -> Event:
        return Event("state", self.snapshot())
