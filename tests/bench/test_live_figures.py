"""The live rows: what is counted, and the clip that is recorded for them."""

from collections.abc import Generator
from pathlib import Path
from threading import Event

import cv2
import numpy as np
import pytest

from app.bench.live_figures import TimedDescriber, TimedSource, narrate_live, percentiles_ms, record
from app.events import AnyFrame, Banner, Chunk, Cost, Frame, Notice, Request
from app.protocols import Describer, Source


class Camera:
    """Gives frames of these times after a notice, and notes that it was closed."""

    banner = Banner("frames")

    def __init__(self, seen_at: list[float]) -> None:
        self.seen_at, self.is_closed = seen_at, False

    def frames(self, _stop: Event) -> Generator[AnyFrame | Notice]:
        try:
            yield Notice("camera back", "The camera is back.")
            for number, seen_at in enumerate(self.seen_at):
                yield Frame(np.zeros((2, 2, 3), np.uint8), seen_at, seen_at, number)
        finally:
            self.is_closed = True


class Model:
    def describe(self, _request: Request) -> Generator[Chunk]:
        yield Chunk(" A cat.", Cost(encoded=1))


def test_frames_and_descriptions_are_counted_from_outside() -> None:
    def narrate(describer: Describer, source: Source, stop: Event) -> Generator[Chunk]:
        for frame in source.frames(stop):
            if isinstance(frame, Frame) and frame.number % 2 == 0:
                yield from describer.describe(Request((frame,), "What?"))

    found = narrate_live("b", narrate, TimedDescriber(Model()), TimedSource(Camera([0.0] * 6), 60.0))
    assert (found["frames_described"], found["frames_taken"], found["frames_seen"]) == (3, 6, 6)
    assert found["vision_passes_a_minute"] == found["described_a_minute"] > 0
    assert found["caption_ms"]["count"] == 3


def test_a_source_ends_when_its_time_is_up() -> None:
    camera = Camera([0.0] * 5)
    assert len(list(TimedSource(camera, 0.0).frames(Event()))) == 2  # the notice, and the frame that starts the clock
    assert camera.is_closed


@pytest.mark.parametrize(
    ("seen_at", "given_at", "queued"),
    [
        pytest.param([], [], 0, id="no frames"),
        pytest.param([10.0, 10.033], [10.01, 10.04], 0, id="each at once"),
        pytest.param([10.0, 10.3], [10.01, 10.31], 0, id="the newest after work"),
        pytest.param([10.0, 10.033, 10.067], [10.01, 10.3, 10.31], 1, id="one that had waited"),
    ],
)
def test_a_frame_was_queued_if_a_newer_one_was_there_when_it_was_given(
    seen_at: list[float], given_at: list[float], queued: int
) -> None:
    times = iter([0.0, *given_at])
    source = TimedSource(Camera(seen_at), 60.0, now=lambda: next(times))
    assert len(list(source.frames(Event()))) == len(seen_at) + 1
    assert source.queued == queued


def test_percentiles_are_values_that_were_there() -> None:
    assert percentiles_ms([]) is None
    assert percentiles_ms([0.5]) == {"p50": 500.0, "p95": 500.0}
    assert percentiles_ms([n / 1000 for n in range(101)]) == {"p50": 50.0, "p95": 95.0}


def test_a_recorded_clip_holds_the_frames_in_their_order_and_colours(tmp_path: Path) -> None:
    frames = (Frame(np.full((48, 64, 3), (200, level, 0), np.uint8), 0.0, 0.0, 0) for level in (0, 100, 200, 255))
    clip = cv2.VideoCapture(str(record(frames, tmp_path / "clip.avi", count=3)))
    levels = [clip.read()[1][24, 32].tolist() for _ in range(3)]  # BGR
    assert clip.read()[0] is False
    assert np.abs(np.array(levels) - [(0, 0, 200), (0, 100, 200), (0, 200, 200)]).max() < 12
