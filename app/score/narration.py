"""What a narrator said of a clip and when: as it plays the clip now, or as the log of its run has it."""

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

from app.commands.measurement import read_text
from app.errors import ScoreError
from app.events import AnyFrame, Banner, Notice, RunEvent, Sentence, Status
from app.files import readable
from app.protocols import Source

HINT = "narrate the clip as filmed with --log FILE, and score that file"


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence or a notice. Times are seconds of the clip."""

    event: str
    """"sentence" or "notice"."""
    kind: str
    text: str
    media_s: float
    """Of the frame that a sentence describes; of the newest frame, for a notice."""
    said_at: float
    """When all of it was out."""

    @property
    def is_notice(self) -> bool:
        return self.event == "notice"


@dataclass(frozen=True, slots=True)
class Narration:
    """One narration of a clip."""

    utterances: tuple[Utterance, ...]
    described: int | None
    """Frames that were described; None if unknown."""


@dataclass(slots=True)
class FakeClock:
    """Seconds of the clip. Work takes as long on it as it takes here; reading and waiting for frames takes no time."""

    timer: Callable[[], float] = time.perf_counter
    at: float = field(default=0.0, init=False)
    """Its time when it was last stopped or set."""
    since: float | None = field(default=None, init=False)
    """The timer's time when it was started; None while it is stopped."""

    def now(self) -> float:
        return self.at if self.since is None else self.at + self.timer() - self.since

    def stop(self) -> None:
        self.at, self.since = self.now(), None

    def start(self, not_before: float) -> None:
        """Run on, from `not_before` if it is not that late yet: the narrator has waited until then."""
        self.at, self.since = max(self.now(), not_before), self.timer()


@dataclass(slots=True)
class NewestFrames:
    """A source that gives the newest of a clip's frames by the clock: those that come during work are missed."""

    clip: Iterable[AnyFrame | Notice]
    """Every frame in turn."""
    clock: FakeClock
    banner: Banner = field(default=Banner("a clip that is scored"))
    media_s: float = field(default=0.0, init=False)
    """Of the frame that was given last."""

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        frames = (replace(each, seen_at=each.media_s) for each in self.clip if not isinstance(each, Notice))
        for frame in self._newest(frames):
            if stop.is_set():
                return
            self.media_s = frame.media_s
            self.clock.start(not_before=frame.seen_at)
            yield frame
            self.clock.stop()

    def _newest(self, frames: Iterator[AnyFrame]) -> Generator[AnyFrame]:
        """Each frame that is the newest when one is asked for; if that was given already, the next one."""
        newest = next(frames, None)
        for newer in frames:
            if newest and newer.seen_at > self.clock.now():
                yield newest
            newest = newer
        if newest:
            yield newest


Narrate = Callable[[Source, Event], Iterable[RunEvent]]
"""A live loop over a source; it reads the time from the clock that it is played on."""


def play(narrate: Narrate, clip: Iterable[AnyFrame | Notice], clock: FakeClock) -> Narration:
    """Narrate all of a clip as if it were live, in the time that the work takes."""
    source, said, described = NewestFrames(clip, clock), list[Utterance](), 0
    for event in narrate(source, Event()):
        if isinstance(event, Sentence):
            said.append(Utterance("sentence", event.kind, event.text, event.frame.media_s, clock.now()))
        if isinstance(event, Notice):
            said.append(Utterance("notice", event.kind, event.text, source.media_s, clock.now()))
        if isinstance(event, Status | Sentence):
            described = max(described, event.frames_described)
    return Narration(tuple(said), described)


def read_log(path: Path) -> Narration:
    """The last run of a log, which must have watched the clip as filmed, from its beginning.

    How many frames it described is unknown: a log counts them up to its last sentence, and no further.

    Raises:
        ScoreError: it is not a log, or has no sentence to find the clip's time by.
    """
    records = list(parsed_lines(path))
    starts = [place for place, each in enumerate(records) if each.get("kind") == "loading"]
    records = records[starts[-1] :] if starts else records
    try:
        sentences = [each for each in records if each["event"] == "sentence"]
        if not sentences:
            raise ScoreError(f"{readable(path)} has no sentence in its last run", HINT)
        began = sentences[0]["seen_at"] - sentences[0]["media_s"]
        return Narration(tuple(utterance(each, began) for each in records), described=None)
    except (KeyError, TypeError) as failure:
        raise ScoreError(f"{readable(path)} lacks what a log of looksay has: {failure}", HINT) from failure


def parsed_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(read_text(path, ScoreError, "log").splitlines(), 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as failure:
            raise ScoreError(f"{readable(path)}, line {number} is not valid JSON: {failure}", HINT) from failure
        if not isinstance(record, dict):
            raise ScoreError(f"{readable(path)}, line {number} is not a record of a log", HINT)
        yield record


def utterance(record: Mapping[str, Any], began: float) -> Utterance:
    """A record on the clip's time. `began`: when the run began to watch, as `seen_at` counts.

    `frame_age_s` is the age at the first word: the rest of the sentence came after it.
    """
    if record["event"] != "sentence":
        at = record["seen_at"] - began
        return Utterance("notice", record["kind"], record["text"], at, at)
    said_at = record["media_s"] + record["frame_age_s"] + record["total_s"] - record["first_word_s"]
    return Utterance("sentence", record["kind"], record["text"], record["media_s"], said_at)
