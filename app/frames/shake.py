"""How far a hand has moved the camera between two small pictures, and a picture moved back by that much.

Estimated by Lucas and Kanade's method (IJCAI 1981), in the form of Baker and Matthews (IJCV 56(3), 2004) in which all
that depends on one picture alone is computed once: a step is one product. It knows only shifts of the whole picture.
"""

from dataclasses import dataclass
from math import ceil
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float32]
"""A small picture, H×W×3, float32, 0 to 255."""
Shift = tuple[float, float]
"""Cells to the right, cells down."""

STILL: Shift = (0.0, 0.0)
REACH = 1.5
"""Cells in either direction; what moves further is no shake."""
EDGE = 3
"""Cells beside the frame that a moved picture may have to guess; they say nothing of the shift either."""
_STEPS = 4
_DAMPING = 50.0
"""Squared levels a cell: noise on a plain wall is weaker, so that it shifts nothing."""
_GREY = np.full((1, 3), 1 / 3, np.float32)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A picture onto which later ones are laid."""

    grey: NDArray[np.float32]
    """H×W, float32."""
    step: NDArray[np.float32]
    """2×(H·W): what a difference of each cell says of the shift."""

    @classmethod
    def of(cls, cells: Cells) -> Self:
        grey = _grey(cells)
        slopes = np.stack([cv2.Sobel(grey, -1, 1, 0, scale=1 / 8), cv2.Sobel(grey, -1, 0, 1, scale=1 / 8)])
        slopes[:, :EDGE] = slopes[:, -EDGE:] = 0
        slopes[:, :, :EDGE] = slopes[:, :, -EDGE:] = 0
        flat = slopes.reshape(2, -1)
        return cls(grey, np.asarray(np.linalg.inv(flat @ flat.T + _DAMPING * np.eye(2)) @ flat, np.float32))

    def shift_to(self, cells: Cells) -> Shift:
        """How far `cells` (of the same shape) lie from here, if they show the same."""
        grey = _grey(cells)
        grey *= cv2.mean(self.grey)[0] / max(1.0, cv2.mean(grey)[0])
        x = y = 0.0
        for _ in range(_STEPS):
            dx, dy = self.step @ (moved_back(grey, (x, y), cv2.INTER_LINEAR) - self.grey).ravel()
            x, y = _bounded(x - float(dx)), _bounded(y - float(dy))
        return x, y


def moved_back(picture: NDArray[np.float32], shift: Shift, how: int = cv2.INTER_CUBIC) -> NDArray[np.float32]:
    """The picture as it would be without the shift, of the same shape; at its edges it is guessed."""
    if shift == STILL:
        return picture
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    height, width = picture.shape[:2]
    flags = how | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(picture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def unguessed(shift: Shift) -> tuple[slice, slice]:
    """Rows and columns of a picture moved back that hold nothing guessed, a cell of interpolation included."""
    columns, rows = (0 if abs(way) < 0.05 else ceil(abs(way)) + 1 for way in shift)
    return slice(rows, -rows or None), slice(columns, -columns or None)


def _grey(cells: Cells) -> NDArray[np.float32]:
    return np.asarray(cv2.transform(cells, _GREY), np.float32).reshape(cells.shape[:2])


def _bounded(way: float) -> float:
    return min(REACH, max(-REACH, way))
