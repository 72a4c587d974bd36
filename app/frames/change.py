"""Change detection: whether a frame differs from the one described last, decided on pixels alone.

The frame is shrunk to a few thousand cells and compared with the frame that was described last. What moves every cell
alike (exposure, flicker) does not count, unless it is as strong as a light being switched; nor does a shake of the
hand that holds the camera. How much the rest must differ is learned: a quiet sensor is believed sooner than a noisy
one, or than an encoder that paints its picture anew every few seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, gcd
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from app.events import Box
from app.images import Pixels

cv2.setNumThreads(1)  # after each small picture its pool would turn idly for 0.7 ms, half of what a frame costs
FINENESS = 90
"""Pixels on the shorter side of a small picture; a cell is two of them wide, or 16 pixels of a 1280×720 frame."""
DARK = 8.0
"""Levels; below them the noise is too strong for brightness to be told as a factor."""
WHITE = 255.0
FADING = 0.5 ** (1 / 120)
"""What a look leaves of what was learned before it: half is forgotten in 120 looks, 8 s of 15 a second."""
FOLLOWING = 15
"""Looks after which a light that has drifted is the usual one: faster than that, it was switched."""

Cells = NDArray[np.float32]
"""A small picture, H×W×3, float32, 0 to 255."""
Shift = tuple[float, float]
"""Cells to the right, cells down."""


def shrunk(view: Pixels) -> Pixels:
    """A small picture (about 90×160×3 uint8) of a frame (H×W×3 uint8, any order of colours)."""
    height, width = view.shape[:2]
    edge = max(1, min(height, width) // FINENESS)
    rows, columns = height // edge, width // edge  # whole pixels into one: OpenCV is four times slower at anything else
    every = gcd(edge, 4)  # rows; the others would say the same
    used = view[: rows * edge : every, : columns * edge]
    return np.asarray(cv2.resize(used, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


# Camera shake: Lucas and Kanade's method (IJCAI 1981), in the form of Baker and Matthews (IJCV 56(3), 2004), in which
# all that depends on one picture alone is computed once: a step is one product. Only shifts of the whole picture.

STILL: Shift = (0.0, 0.0)
REACH = 1.5
"""Cells in either direction; what moves further is no shake."""
EDGE = 3
"""Cells at the frame's edge that are guessed when a picture is moved; they do not count for the shift either."""
_STEPS = 4
_DAMPING = 50.0
"""Squared levels a cell: noise on a plain wall is weaker, so that it shifts nothing."""
_GREY = np.full((1, 3), 1 / 3, np.float32)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A picture that later ones are aligned to."""

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


# Change


@dataclass(frozen=True, slots=True)
class Reference:
    """The frame described last, with all that can be computed from it beforehand."""

    cells: Cells
    anchor: Anchor
    slack: Cells
    """How far each cell may move, in levels, for being full of edges: a shake moves them within the cell."""


@dataclass(frozen=True, slots=True)
class Change:
    """The difference between two pictures."""

    far: float
    """How far the cell that moved most has moved, once shake and the whole frame's brightness are taken out; levels."""
    added: float
    """How far the whole frame has moved, in levels."""
    doubled: float
    """How many times the light has doubled or halved."""


@dataclass(slots=True)
class NoiseModel:
    """How this camera changes a picture in which nothing happens."""

    lowest: float = 10.0
    """Levels; less is nothing on any camera."""
    highest: float = 20.0
    """Levels; more is something on any camera."""
    peak: float = 9.0
    """How far a cell has lately moved without a change, in levels; at first as with a poor camera."""
    noise: float = 0.0
    """Standard deviation of a cell from one look to the next, in levels."""
    shake: float = 0.0
    """How far the camera is from where it was, in cells: less in four of five looks."""

    @property
    def local(self) -> float:
        """How far one cell must move to count as a change, in levels."""
        return min(self.highest, max(self.lowest, 1.25 * self.peak + 4 * self.shake + 3, 7 * self.noise))

    def learn_unchanged(self, far: float, shift: Shift) -> None:
        """Learn from an unchanged look, in small steps: the first looks of a movement count as unchanged, too."""
        self.peak = min(far, self.peak + 0.2) if far > self.peak else self.peak * FADING
        self.shake = max(0.0, self.shake + (0.04 if max(map(abs, shift)) > self.shake else -0.01))

    def learn_noise(self, step: Cells) -> None:
        """Learn noise from the difference of two looks. The median: what moves is seldom half of the frame."""
        part = step[::4, ::4]
        part = np.abs(part - part.mean(axis=(0, 1)))  # flicker is not noise
        sigma = float(np.median(part)) / 0.95  # 0.6745 of a sigma; a difference has two noises
        self.noise += (sigma - self.noise) / 30


@dataclass(slots=True)
class ChangeDetector:
    """Detects looks that differ from the reference, and learns the camera's noise from those that do not."""

    overall: float = 40.0
    """How far the whole frame must move: a light switched, a hand over the lens."""
    doubled: float = 1.0
    """How many times the light must double or halve, where it is too dim for `overall`: a lens covered at dusk."""
    detail: float = 0.25
    """Levels of slack for each level that the pixels of a cell and its neighbours differ by (standard deviation)."""
    noise_model: NoiseModel = field(default_factory=NoiseModel, init=False)
    last: Reference | None = field(default=None, init=False)
    before: Cells | None = field(default=None, init=False)
    """The look that `is_calm` was given last."""
    age: int = field(default=0, init=False)
    """Looks since `last` was set."""

    def has_changed(self, look: Pixels) -> bool:
        """Whether `look` (from `shrunk`) differs from the reference."""
        new = averaged(look)
        if self.last is None or self.last.cells.shape != new.shape:
            return True
        shift, change = STILL, self.since(self.last, new, STILL)
        if self.is_much(change):
            shift = self.last.anchor.shift_to(new)
            change = self.since(self.last, new, shift)
        if not self.is_much(change):
            self.noise_model.learn_unchanged(change.far, shift)
            self.follow(look, change)
            return False
        return True

    def set_reference(self, look: Pixels) -> None:
        """Make `look` the reference."""
        cells = averaged(look)
        squares = cv2.pyrDown(np.square(look, dtype=np.float32))
        spread = np.sqrt(np.maximum(squares - np.square(cells), 0))
        slack = self.detail * cv2.dilate(spread, np.ones((3, 3), np.uint8))
        self.last, self.age = Reference(cells, Anchor.of(cells), slack), 0

    def is_calm(self, look: Pixels) -> bool:
        """Whether nothing moves between `look` and the one given before; call it once for every look."""
        new, old = averaged(look), self.before
        self.before = new
        if old is None or old.shape != new.shape:
            return False
        self.noise_model.learn_noise(new - old)
        slack = self.last.slack if self.last is not None and self.last.slack.shape == new.shape else np.zeros_like(new)
        return changed(old, new, slack).far <= self.noise_model.local or self.is_shaken(old, new, slack)

    def regions(self, look: Pixels) -> Sequence[Box]:
        """Where `look` differs from the reference enough to count as a change."""
        new = averaged(look)
        if self.last is None or self.last.cells.shape != new.shape:
            return ()
        far, _, _ = unexplained(self.last.cells, new)
        return boxes((far - self.last.slack).max(axis=2) > self.noise_model.local)

    def is_much(self, change: Change) -> bool:
        return change.added > self.overall or change.doubled > self.doubled or change.far > self.noise_model.local

    def since(self, last: Reference, new: Cells, shift: Shift) -> Change:
        inner = unguessed(shift)
        return changed(last.cells[inner], moved_back(new, shift)[inner], last.slack[inner])

    def is_shaken(self, old: Cells, new: Cells, slack: Cells) -> bool:
        """Whether a shake as large as before explains the difference; a lone thing that glides looks the same."""
        if self.noise_model.shake == 0:
            return False
        shift = Anchor.of(old).shift_to(new)
        inner = unguessed(shift)
        change = changed(old[inner], moved_back(new, shift)[inner], slack[inner])
        return max(map(abs, shift)) <= 3 * self.noise_model.shake and change.far <= self.noise_model.local

    def follow(self, look: Pixels, change: Change) -> None:
        """Follow light that drifts slowly: compare with the light of a moment ago, not of a minute."""
        self.age += 1
        has_drifted = change.added > 6 or change.doubled > 0.08
        if self.age >= FOLLOWING and has_drifted and change.far <= self.noise_model.local / 2:
            self.set_reference(look)


def changed(old: Cells, new: Cells, slack: Cells | float = 0.0) -> Change:
    """The change that neither an added nor a multiplied brightness explains, less `slack`."""
    far, most, doubled = unexplained(old, new)
    return Change(float((far - slack).max()), most, doubled)


def unexplained(old: Cells, new: Cells) -> tuple[Cells, float, float]:
    """How far each cell has moved beyond the whole frame's brightness; how far that has, and how often it doubled."""
    step = new - old
    added = median(step)
    far, most = np.abs(step - added), float(np.abs(added).max())
    if most <= 1:  # nor can the factor be far from 1: half of the time saved where nothing happens
        return far, most, 0.0
    factor = median((new + DARK) / (old + DARK))
    later = np.minimum(factor * (old + DARK) - DARK, WHITE)
    earlier = np.minimum((new + DARK) / factor - DARK, WHITE)  # what is white now was whiter, or will be
    far = np.minimum(far, np.minimum(np.abs(new - later), np.abs(old - earlier)))
    return far, most, float(np.abs(np.log2(factor)).max())


def averaged(look: Pixels) -> Cells:
    """Every second pixel of a small picture in either direction, each with what is around it."""
    return np.asarray(cv2.pyrDown(look), np.float32)


def median(cells: Cells) -> Cells:
    """Of each colour, from a ninth of the cells: it costs most of the time otherwise."""
    return np.asarray(np.median(cells[::3, ::3], axis=(0, 1)), np.float32)


# Regions

MOST_REGIONS = 8
"""Boxes; more would hide the picture."""
APART = 2
"""Cells: what is no further apart is one region."""


def boxes(marked: NDArray[np.bool_]) -> Sequence[Box]:
    """Boxes around the largest regions of `marked` (H×W), the largest first."""
    height, width = marked.shape
    wide = cv2.dilate(marked.astype(np.uint8), np.ones((2 * APART + 1, 2 * APART + 1), np.uint8))
    count, _, found, _ = cv2.connectedComponentsWithStats(wide)
    largest = sorted(range(1, count), key=lambda region: -int(found[region, cv2.CC_STAT_AREA]))[:MOST_REGIONS]
    return [box(found[region], width, height) for region in largest]


def box(found: NDArray[np.int32], width: int, height: int) -> Box:
    """A box as shares of the picture; `found`: left, top, width, height and area in cells."""
    left, top, wide, high = (int(each) for each in found[:4])
    return left / width, top / height, (left + wide) / width, (top + high) / height
