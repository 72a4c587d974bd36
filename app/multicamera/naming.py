"""Whose sentence it is: what several narrators tell becomes what one run tells. It judges nothing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from app.events import Notice, PartialSentence, RunEvent, Sentence, Status

COMMON = ("outage", "answering", "going on")
"""Notices of the one model and of the one who asks: they name no camera, and are told once."""
ONCE_S = 5.0
"""For so long the same common notice is not told again."""


@dataclass(slots=True)
class Naming:
    """Gives every camera's happenings its name, and sums up what is counted."""

    count: int
    """How many cameras there are."""
    now: Callable[[], float] = time.monotonic
    said: Sentence | None = field(default=None, init=False)
    """What was said last, by any of them."""
    growing: str | None = field(default=None, init=False)
    """Whose sentence is shown while it grows: one at a time, where several are in the making."""
    statuses: dict[str, Status] = field(default_factory=dict, init=False)
    """Of each, the last."""
    told: dict[str, float] = field(default_factory=dict, init=False)
    """When a common notice of these words was told (monotonic s)."""

    def named(self, name: str, happening: RunEvent) -> Iterator[RunEvent]:
        """What is told of it, if anything."""
        match happening:
            case Sentence():
                self.let_go(name)
                self.said = replace(happening, text=f"{name}: {happening.text}")
                yield self.said
            case PartialSentence():
                self.growing = self.growing or name
                if self.growing == name:
                    yield replace(happening, text=f"{name}: {happening.text}")
            case Notice():
                yield from self.notice(name, happening)
            case Status():
                self.let_go(name)
                yield self.sum(name, happening)
            case _:
                yield happening

    def let_go(self, name: str) -> None:
        if self.growing == name:
            self.growing = None

    def notice(self, name: str, notice: Notice) -> Iterator[Notice]:
        if notice.camera:  # as the camera itself has told it
            yield notice
        elif notice.kind not in COMMON:
            yield replace(notice, text=f"{name}: {notice.text}", camera=name)
        elif self.now() - self.told.get(notice.text, -ONCE_S) >= ONCE_S:
            self.told[notice.text] = self.now()
            yield notice

    def sum(self, name: str, status: Status) -> Status:
        """How all of them are doing: counts are added, speeds are those of the last description."""
        self.statuses[name] = status
        every = tuple(self.statuses.values())
        spoke = status if status.first_word_s else next((each for each in every if each.first_word_s), status)
        return replace(
            spoke,
            camera_fps=sum(each.camera_fps for each in every),
            frames_seen=sum(each.frames_seen for each in every),
            frames_described=sum(each.frames_described for each in every),
            memory_bytes=max(each.memory_bytes for each in every),
            drafted=sum(each.drafted for each in every),
            draft_accepted=sum(each.draft_accepted for each in every),
            cameras=self.count,
        )
