"""What `bench` and `score` share: the baseline narrator and percentiles."""

from collections.abc import Generator
from threading import Event

import numpy as np
import pytest

from app.commands.measurement import EverySecond, percentile
from app.events import Banner, Chunk, Cost, Frame, Notice, Request


class Camera:
    """A source of ten frames a second, with a notice before them; notes that it was closed."""

    banner = Banner("frames")
    is_closed = False

    def frames(self, _stop: Event) -> Generator[Frame | Notice]:
        try:
            yield Notice("camera back", "The camera is back.")
            for number in range(35):
                yield Frame(np.zeros((2, 2, 3), np.uint8), number / 10, number / 10, number)
        finally:
            self.is_closed = True


class Model:
    banner = Banner("says")

    def __init__(self, text: str) -> None:
        self.text = text

    def describe(self, _request: Request) -> Generator[Chunk]:
        for word in self.text.split():
            yield Chunk(f" {word}", Cost())

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("text", "said"), [("A man. A dog.", [0.0, 1.0, 2.0, 3.0]), ("", [])], ids=["all of it", "nothing of nothing"]
)
def test_the_baseline_describes_a_frame_a_second_and_says_all_of_it(text: str, said: list[float]) -> None:
    camera = Camera()
    sentences = list(EverySecond(Model(text), "What?", 64).watch(camera, Event()))
    assert [each.frame.media_s for each in sentences] == said
    assert {each.text for each in sentences} == ({text} if text else set())
    assert camera.is_closed


@pytest.mark.parametrize(("percent", "found"), [(50, 3), (95, 5), (1, 1), (100, 5), (20, 1), (21, 2)])
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(percent: int, found: int) -> None:
    assert percentile([5, 1, 4, 2, 3], percent) == found
    assert percentile([], percent) is None
