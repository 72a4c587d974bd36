"""The live rows: what is counted, with a source and a describer that do as they are told."""

from collections.abc import Generator, Iterator
from threading import Event

import numpy as np
import pytest

from app.bench.rounds import Counted, Given, Watched, at_intervals, percentiles, played, queued
from app.events import AnyFrame, Banner, Chunk, Cost, Frame, Notice, Request


class Camera:
    """Gives these frames, and notes whether it was closed."""

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


class Teller:
    def describe(self, _request: Request) -> Iterator[Chunk]:
        yield Chunk(" A cat.", Cost(encoded=1))


def test_at_intervals_a_frame_is_described_when_a_second_has_passed() -> None:
    camera = Camera([0.0, 0.5, 0.99, 1.0, 1.5, 2.5])
    told = played("b", at_intervals("What?", 8), Watched(Teller()), Counted(camera, 60.0))
    assert (told["frames_described"], told["frames_taken"], told["frames_seen"]) == (3, 6, 6)
    assert camera.is_closed


def test_a_source_is_left_when_its_time_is_up() -> None:
    camera = Camera([0.0] * 5)
    assert len(list(Counted(camera, 0.0).frames(Event()))) == 2  # the notice, and the frame that starts the clock
    assert camera.is_closed


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], 0),
        ([Given(0, 10.0, 10.01), Given(1, 10.033, 10.04)], 0),
        ([Given(0, 10.0, 10.01), Given(9, 10.3, 10.31)], 0),  # busy, and then the newest
        ([Given(0, 10.0, 10.01), Given(1, 10.033, 10.3), Given(2, 10.067, 10.31)], 1),  # the second one had waited
    ],
)
def test_a_frame_was_queued_if_a_newer_one_was_there_when_it_was_given(given: list[Given], expected: int) -> None:
    counted = Counted(Camera([]), 1.0, given)
    assert queued(counted) == expected


def test_percentiles_are_frames_that_were_there() -> None:
    assert percentiles([]) is None
    assert percentiles([0.5]) == {"p50": 500.0, "p95": 500.0}
    assert percentiles([n / 1000 for n in range(101)]) == {"p50": 50.0, "p95": 95.0}
