"""Is this frame worth a look? Decided on pixels alone: no model, no clock.

The frame is shrunk to a few thousand cells and compared with the frame that was described last. What moves every cell
alike (exposure, flicker) does not count, unless it is as strong as a light being switched; nor does a shake of the
hand that holds the camera.
"""

from dataclasses import dataclass, field
from math import gcd

import cv2
import numpy as np

from app.pixels import Pixels
from app.shake import STILL, Anchor, Cells, Shift, moved_back, unguessed

cv2.setNumThreads(1)  # after each small picture its pool would turn idly for 0.7 ms, half of what a frame costs
FINENESS = 90
"""Pixels on the shorter side of a small picture; a cell is two of them wide, or 16 pixels of a 1280×720 frame."""
DARK = 8.0
"""Levels; below them the noise is too strong for brightness to be told as a factor."""


def shrunk(view: Pixels) -> Pixels:
    """A small picture (about 90×160×3 uint8) of a frame (H×W×3 uint8, any order of colours)."""
    height, width = view.shape[:2]
    edge = max(1, min(height, width) // FINENESS)
    rows, columns = height // edge, width // edge  # whole pixels into one: OpenCV is four times slower at anything else
    every = gcd(edge, 4)  # rows; the others would say the same
    used = view[: rows * edge : every, : columns * edge]
    return np.asarray(cv2.resize(used, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was described last, and all that is known of it beforehand."""

    cells: Cells
    anchor: Anchor
    slack: Cells
    """How far each cell may move, in levels, for being full of edges: a shake moves them within the cell."""


@dataclass(slots=True)
class Gate:
    """Opens for looks that differ from the last one that was taken."""

    local: float = 14.0
    """How far one cell must move, in levels of 255, once shake and the whole frame's shift are taken out."""
    overall: float = 40.0
    """How far the whole frame must move: a light switched, a hand over the lens."""
    doubled: float = 1.0
    """How many times the light must double or halve, where it is too dim for `overall`: a lens covered at dusk."""
    detail: float = 0.5
    """Levels of slack for each level that the pixels of a cell and its neighbours differ by (standard deviation)."""
    last: Taken | None = field(default=None, init=False)

    def is_news(self, look: Pixels) -> bool:
        """Whether `look`, from `shrunk`, differs from the one that was taken last."""
        new = averaged(look)
        if self.last is None or self.last.cells.shape != new.shape:
            return True
        return self.differs(new, self.last, STILL) and self.differs(new, self.last, self.last.anchor.shift_to(new))

    def took(self, look: Pixels) -> None:
        """Compare with this one from now on."""
        cells = averaged(look)
        squares = cv2.pyrDown(np.square(look, dtype=np.float32))
        spread = np.sqrt(np.maximum(squares - np.square(cells), 0))
        slack = self.detail * cv2.dilate(spread, np.ones((3, 3), np.uint8))
        self.last = Taken(cells, Anchor.of(cells), slack)

    def differs(self, new: Cells, last: Taken, shift: Shift) -> bool:
        """Whether, once the shift is taken back, neither an added nor a multiplied brightness explains every cell."""
        inner = unguessed(shift)
        old, new = last.cells[inner], moved_back(new, shift)[inner]
        added = median(new - old)
        factor = median((new + DARK) / (old + DARK))
        far = np.minimum(np.abs(new - old - added), np.abs(new + DARK - factor * (old + DARK)))
        is_lit_otherwise = np.abs(added).max() > self.overall or np.abs(np.log2(factor)).max() > self.doubled
        return bool(is_lit_otherwise or (far - last.slack[inner]).max() > self.local)


def averaged(look: Pixels) -> Cells:
    """Every second pixel of a small picture in either direction, each with what is around it."""
    return np.asarray(cv2.pyrDown(look), np.float32)


def median(cells: Cells) -> Cells:
    """Of each colour, from a quarter of the cells: it costs most of the time otherwise."""
    return np.asarray(np.median(cells[::2, ::2], axis=(0, 1)), np.float32)
