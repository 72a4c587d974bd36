"""Where a picture differs, for people to see."""

import numpy as np
import pytest

from app.frames.change import MOST_REGIONS, ChangeDetector, shrunk
from app.images import Pixels


def ground(seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(90, 110, (480, 640, 3)).astype(np.uint8)


@pytest.fixture
def gate() -> ChangeDetector:
    gate = ChangeDetector()
    gate.set_reference(shrunk(ground()))
    return gate


def test_nothing_is_marked_where_only_noise_differs_or_nothing_was_taken(gate: ChangeDetector) -> None:
    assert list(gate.regions(shrunk(ground(1)))) == []
    assert list(ChangeDetector().regions(shrunk(ground()))) == []


def test_a_box_lies_around_what_came_and_little_more(gate: ChangeDetector) -> None:
    picture = ground(1)
    picture[120:240, 320:480] = (200, 40, 40)
    ((left, top, right, bottom),) = gate.regions(shrunk(picture))
    assert left <= 320 / 640 <= 480 / 640 <= right
    assert top <= 120 / 480 <= 240 / 480 <= bottom
    assert (right - left) * 640 < 160 + 100
    assert (bottom - top) * 480 < 120 + 100


def test_the_largest_come_first_and_not_too_many(gate: ChangeDetector) -> None:
    picture = ground(1)
    picture[20:220, 20:220] = 250
    for index in range(12):
        top, left = 300 + 100 * (index // 6), 40 + 100 * (index % 6)
        picture[top : top + 20, left : left + 20] = 250
    found = gate.regions(shrunk(picture))
    areas = [round((right - left) * (bottom - top), 6) for left, top, right, bottom in found]
    assert len(found) == MOST_REGIONS
    assert areas == sorted(areas, reverse=True)
    assert all(0 <= edge <= 1 for box in found for edge in box)


def test_light_that_changes_everywhere_marks_nothing(gate: ChangeDetector) -> None:
    brighter = np.clip(ground(1).astype(int) + 12, 0, 255).astype(np.uint8)
    assert list(gate.regions(shrunk(brighter))) == []
