"""From a frame to what a model looks at: squeezed into a square, framed in black, or fitted to a grid of cells.

The whole frame is in it, always; nothing is cut away.
"""

from functools import lru_cache

import cv2
import numpy as np

from app.images import Pixels


def squeezed(pixels: Pixels, edge: int) -> Pixels:
    """Squeeze a frame (RGB, H×W×3 uint8) into edge×edge×3 uint8.

    The aspect ratio is not kept, as SmolVLM's own processor does not keep it for a single tile.
    """
    return _resized(pixels, edge, edge)


def framed(pixels: Pixels, edge: int) -> Pixels:
    """Resize a frame (RGB, H×W×3 uint8) into the middle of a black edge×edge×3 uint8; its shape is kept."""
    height, width = pixels.shape[:2]
    scale = edge / max(height, width)
    inner = _resized(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    top, left = (edge - inner.shape[0]) // 2, (edge - inner.shape[1]) // 2
    whole = np.zeros((edge, edge, 3), np.uint8)
    whole[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return whole


def fitted(pixels: Pixels, cells: int, cell: int) -> Pixels:
    """Resize a frame (RGB, H×W×3 uint8) to at most `cells` squares of `cell` pixels, in the grid that suits it."""
    height, width = pixels.shape[:2]
    columns, rows = grid(width, height, cells)
    return _resized(pixels, columns * cell, rows * cell)


@lru_cache(maxsize=64)
def grid(width: int, height: int, cells: int) -> tuple[int, int]:
    """Columns and rows, of all grids of at most `cells`: the one that keeps most of a frame of this size.

    A grid that distorts is worth less by as much as it distorts: 64 cells are 8×8 for a square, 9×7 for 4:3 and
    10×6 for 16:9.
    """

    def kept(columns: int, rows: int) -> float:
        wider = columns * height / (rows * width)
        return columns * rows * min(wider, 1 / wider)

    every = ((columns, rows) for columns in range(1, cells + 1) for rows in range(1, cells // columns + 1))
    return max(every, key=lambda size: kept(*size))


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    is_smaller = pixels.shape[0] < height or pixels.shape[1] < width
    how = cv2.INTER_LINEAR if is_smaller else cv2.INTER_AREA
    return np.asarray(cv2.resize(_shrunk(pixels, width, height), (width, height), interpolation=how), np.uint8)


def _shrunk(pixels: Pixels, width: int, height: int) -> Pixels:
    """As much of the way to width×height as goes in whole steps, if that is half of it or more.

    OpenCV means over whole pixels 20 times as fast as over parts of them: from 1280×720 to 128×128 it is 0.9 instead
    of 2.7 ms.
    """
    across, down = _step(pixels.shape[1], width), _step(pixels.shape[0], height)
    if across < 2 or down < 2:
        return pixels
    size = (pixels.shape[1] // across, pixels.shape[0] // down)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _step(length: int, wanted: int) -> int:
    """The largest divisor of `length` that leaves at least `wanted`."""
    return max(each for each in range(1, max(1, length // wanted) + 1) if length % each == 0)
