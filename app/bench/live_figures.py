"""A clip narrated as filmed: how old frames are when they are described, and what it costs to keep up.

Describer and source are watched from outside, so that every way of narrating is measured alike.
"""

import resource
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import islice
from math import inf
from pathlib import Path
from threading import Event
from typing import Any

from app.bench.result import quartiles
from app.bench.rows import Describing
from app.commands.measurement import percentile
from app.errors import SourceError
from app.events import AnyFrame, Banner, Chunk, Cost, Frame, Notice, Request
from app.protocols import Describer, Source

FPS = 30
"""Frames a second of the clip."""
Narrate = Callable[[Describer, Source, Event], Iterable[object]]
"""A live loop over a source with a describer; it is iterated until it ends."""


@dataclass(slots=True)
class TimedDescriber:
    """A describer that notes what each description took."""

    describer: Describing
    banner: Banner = field(default=Banner("measured"))
    start_ages_s: list[float] = field(default_factory=list)
    """Age of the newest frame when the description was asked for."""
    first_word_ages_s: list[float] = field(default_factory=list)
    totals_s: list[float] = field(default_factory=list)
    encoded: int = 0

    def describe(self, request: Request) -> Generator[Chunk]:
        seen_at, started, first_word_at = request.frames[-1].seen_at, time.monotonic(), 0.0
        chunk = Chunk("", Cost())
        with closing(self.describer.describe(request)) as chunks:
            for chunk in chunks:
                first_word_at = first_word_at or (time.monotonic() if chunk.text.strip() else 0.0)
                yield chunk
        ended = time.monotonic()
        self.start_ages_s.append(started - seen_at)
        self.first_word_ages_s.append((first_word_at or ended) - seen_at)
        self.totals_s.append(ended - started)
        self.encoded += chunk.cost.encoded

    def close(self) -> None:
        """The describer is closed by the bench."""


@dataclass(slots=True)
class TimedSource:
    """A source that ends `seconds` after its first frame, and counts its frames."""

    source: Source
    seconds: float
    now: Callable[[], float] = time.monotonic
    seen: int = 0
    taken: int = 0
    queued: int = 0
    """Frames that were given although the next one had been there for a frame's time."""

    @property
    def banner(self) -> Banner:
        return self.source.banner

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        ends_at, last_given_at = inf, -inf
        with closing(self.source.frames(stop)) as frames:
            for each in frames:
                now = self.now()
                if now >= ends_at:
                    return
                if not isinstance(each, Notice):
                    ends_at = min(ends_at, now + self.seconds)
                    self.queued += each.seen_at + 1 / FPS < last_given_at
                    self.seen, self.taken, last_given_at = each.number + 1, self.taken + 1, now
                yield each


def narrate_live(row: str, narrate: Narrate, describer: TimedDescriber, source: TimedSource) -> dict[str, Any]:
    """Narrate until the source ends; what it took, ready for JSON."""
    cpu_began_s, began = cpu_s(), time.monotonic()
    for _ in narrate(describer, source, Event()):
        pass
    took_s, described = time.monotonic() - began, len(describer.totals_s)
    a_minute, caption_ms = 60 / took_s, quartiles([1e3 * total_s for total_s in describer.totals_s])
    return {
        "row": row,
        "seconds": took_s,
        "frames_seen": source.seen,
        "frames_taken": source.taken,
        "frames_described": described,
        "frames_queued": source.queued,
        "age_at_start_ms": percentiles_ms(describer.start_ages_s),
        "age_at_first_word_ms": percentiles_ms(describer.first_word_ages_s),
        "caption_ms": asdict(caption_ms) if caption_ms else None,
        "described_a_minute": described * a_minute,
        "vision_passes_a_minute": describer.encoded * a_minute,
        "cpu_s_a_minute": (cpu_s() - cpu_began_s) * a_minute,
    }


def percentiles_ms(values_s: list[float]) -> dict[str, float] | None:
    found = {f"p{percent}": percentile(values_s, percent) for percent in (50, 95)}
    return {name: 1e3 * value for name, value in found.items() if value is not None} or None


def cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended, such as a capture process."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def record(frames: Iterable[Frame], path: Path, count: int, fps: float = FPS) -> Path:
    """Write frames of one size (RGB, H×W×3 uint8) as a video, which a capture process can play in place of a camera.

    Raises:
        SourceError: OpenCV cannot write it.
    """
    import cv2

    writer: cv2.VideoWriter | None = None
    for frame in islice(frames, count):
        height, width = frame.pixels.shape[:2]
        writer = writer or cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height))
        writer.write(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR))
    if writer:
        writer.release()
    if not path.is_file():
        raise SourceError(f"no clip can be written to {path.parent}", "make room there")
    return path
