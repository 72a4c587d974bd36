"""From a frame to a picture: all of it is in there, in the shape that was asked for."""

import itertools
from threading import Event

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.backends.mlx.tile import fitted, framed, grid, squeezed
from app.demo.source import SceneSource

RED = (210, 35, 40)


def test_a_tile_is_square_rgb_and_the_whole_frame() -> None:
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[:, 560:] = RED
    tile = squeezed(pixels, 128)
    assert tile.shape == (128, 128, 3)
    assert tuple(tile[64, 125]) == RED
    assert tuple(tile[64, 100]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("size", "expected"), [((512, 512), (8, 8)), ((640, 480), (9, 7)), ((1920, 1080), (10, 6)), ((1080, 1920), (6, 10))]
)
def test_64_cells_are_laid_out_as_the_frame_is_shaped(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert grid(*size, 64) == expected


@given(st.integers(1, 8000), st.integers(1, 8000), st.sampled_from([16, 64, 256]))
def test_a_grid_keeps_its_budget_and_lies_as_the_frame_lies(width: int, height: int, cells: int) -> None:
    columns, rows = grid(width, height, cells)
    assert 1 <= columns * rows <= cells
    assert columns >= rows if width >= height else rows >= columns


@given(st.floats(0.4, 2.5))
def test_of_a_usual_frame_a_grid_wastes_little_and_distorts_little(aspect: float) -> None:
    columns, rows = grid(round(1000 * aspect), 1000, 64)
    assert columns * rows >= 48
    assert 0.8 <= columns / rows / aspect <= 1.25


def test_a_fitted_picture_is_whole_cells_and_the_whole_frame() -> None:
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[:, 560:] = RED
    picture = fitted(pixels, 64, 32)
    assert picture.shape == (7 * 32, 9 * 32, 3)
    assert tuple(picture[100, -10]) == RED


def test_a_framed_picture_has_black_bars_and_the_whole_frame_between_them() -> None:
    inside = framed(np.full((270, 480, 3), RED, np.uint8), 64)
    assert inside.shape == (64, 64, 3)
    assert np.all(inside[14:50] == RED)
    assert not inside[:14].any()
    assert not inside[50:].any()


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1), (3, 5)])
def test_the_smallest_and_the_thinnest_frames_fit_too(size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 200, np.uint8)
    assert squeezed(pixels, 64).shape == framed(pixels, 64).shape == (64, 64, 3)
    assert fitted(pixels, 64, 32).shape[0] % 32 == 0


@pytest.mark.parametrize(("edge", "least_db"), [(128, 45), (512, 53)])
def test_a_tile_is_close_to_what_the_processors_own_resize_would_make_of_the_frame(edge: int, least_db: float) -> None:
    """Lanczos by Pillow, which takes 8 to 12 ms for a 720p frame; PSNR over six drawn scenes, 46 to 66 dB."""
    for seed in range(6):
        frames = SceneSource(asap=True, seed=seed, size=(1280, 720)).frames(Event())
        pixels = next(itertools.islice(frames, 40, None)).pixels
        theirs = Image.fromarray(pixels).resize((edge, edge), Image.Resampling.LANCZOS)
        assert cv2.PSNR(squeezed(pixels, edge), np.asarray(theirs)) >= least_db
