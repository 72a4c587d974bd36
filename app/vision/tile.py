"""From a frame to the picture that a model's processor takes: squeezed, fitted to cells or framed in black.

The whole frame is in it, always; nothing is cut away.
"""

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image

from app.flow import Pixels


def tile(pixels: Pixels, edge: int) -> Image.Image:
    """Squeeze a frame (RGB, H×W×3 uint8) into an edge×edge picture.

    The aspect ratio is not kept, as SmolVLM's own processor does not keep it for a single tile.
    """
    return Image.fromarray(_resized(pixels, edge, edge))


def fitted(pixels: Pixels, cells: int, cell: int) -> Image.Image:
    """Resize a frame (RGB, H×W×3 uint8) to at most `cells` squares of `cell` pixels, in the grid that suits it."""
    height, width = pixels.shape[:2]
    columns, rows = grid(width, height, cells)
    return Image.fromarray(_resized(pixels, columns * cell, rows * cell))


def framed(pixels: Pixels, edge: int) -> Image.Image:
    """Resize a frame (RGB, H×W×3 uint8) into the middle of a black edge×edge picture; its shape is kept."""
    height, width = pixels.shape[:2]
    scale = edge / max(height, width)
    inner = _resized(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    top, left = (edge - inner.shape[0]) // 2, (edge - inner.shape[1]) // 2
    whole = np.zeros((edge, edge, 3), np.uint8)
    whole[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return Image.fromarray(whole)


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
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), np.uint8)
