"""The shift between two pictures of one scene."""

import cv2
import numpy as np
import pytest

from app.frames.change import REACH, Anchor, moved_back, unguessed
from tests.filmed import SCENES


def seen(scene: str, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    """Cells of 8 pixels, the camera shifted by so many cells."""
    size = (480, 320)
    matrix = np.array([[1, 0, 60 + 8 * x], [0, 1, 20 + 8 * y]])
    shifted = cv2.warpAffine(SCENES[scene], matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return cv2.resize(shifted.astype(np.float32), (60, 40), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("scene", ["drawn", "textured", "edges"])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.3, -0.2), (-0.7, 0.9), (1.2, 1.1)])
def test_a_shift_is_found_to_a_tenth_of_a_cell_in_any_light(scene: str, shift: tuple[float, float]) -> None:
    found = Anchor.of(seen(scene)).shift_to(0.9 * seen(scene, *shift))
    assert found == pytest.approx([-way for way in shift], abs=0.1)


def test_a_plain_wall_has_no_shift() -> None:
    assert Anchor.of(seen("plain")).shift_to(seen("plain")) == (0.0, 0.0)


def test_no_shift_goes_beyond_its_reach() -> None:
    found = Anchor.of(seen("drawn")).shift_to(seen("drawn", 1.5, 0)[:, ::-1].copy())
    assert max(map(abs, found)) <= REACH


def test_moved_back_all_that_is_not_guessed_lies_where_it_lay() -> None:
    still, moved = seen("drawn"), seen("drawn", 0.5, -1.2)
    shift = Anchor.of(still).shift_to(moved)
    inner = unguessed(shift)
    assert still[inner].shape == (34, 56, 3)
    assert np.abs(moved_back(moved, shift)[inner] - still[inner]).mean() < 1
