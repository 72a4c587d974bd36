"""Events of several cameras as those of one run: camera names before sentences and notices, counts added up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from app.events import LiveSettings, Notice, PartialSentence, RunEvent, Sentence, Status

COMMON = ("outage", "answering", "going on")
"""Kinds of notices about the model or the person: they name no camera, and are given once."""
ONCE_S = 5.0
"""Seconds in which the same common notice is not given again."""


@dataclass(slots=True)
class Labels:
    """With one camera, everything passes as it is."""

    count: int = 1
    """How many cameras there are."""
    now: Callable[[], float] = time.monotonic
    growing: str | None = field(default=None, init=False)
    """The camera whose partial sentence is shown: one at a time, where several are in the making."""
    first: str | None = field(default=None, init=False)
    """The camera whose settings are shown: all are set alike by commands."""
    statuses: dict[str, Status] = field(default_factory=dict, init=False)
    """The last of each camera."""
    given_at: dict[str, float] = field(default_factory=dict, init=False)
    """When a common notice of these words was given (monotonic s)."""

    def label(self, camera: str, event: RunEvent) -> Sequence[RunEvent]:
        """What one camera's event is in the run, if anything."""
        if self.count == 1:
            return (event,)
        match event:
            case Sentence():
                self.end_partial(camera)
                return (replace(event, text=f"{camera}: {event.text}"),)
            case PartialSentence():
                self.growing = self.growing or camera
                return (replace(event, text=f"{camera}: {event.text}"),) if self.growing == camera else ()
            case Notice():
                return self.notice(camera, event)
            case Status():
                self.end_partial(camera)
                return (self.total(camera, event),)
            case LiveSettings():
                self.first = self.first or camera
                return (event,) if self.first == camera else ()
            case _:
                return (event,)

    def end_partial(self, camera: str) -> None:
        """Let another camera show its partial sentence."""
        if self.growing == camera:
            self.growing = None

    def notice(self, camera: str, notice: Notice) -> Sequence[Notice]:
        if notice.camera:  # from the camera itself, its name is in it
            return (notice,)
        if notice.kind not in COMMON:
            return (replace(notice, text=f"{camera}: {notice.text}", camera=camera),)
        if self.now() - self.given_at.get(notice.text, -ONCE_S) < ONCE_S:
            return ()
        self.given_at[notice.text] = self.now()
        return (notice,)

    def total(self, camera: str, status: Status) -> Status:
        """The status of all cameras: counts are added, speeds are those of the last description."""
        self.statuses[camera] = status
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
