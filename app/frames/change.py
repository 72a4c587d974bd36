"""Is this frame worth a look? Decided on pixels alone: no model, no clock.

The frame is shrunk to a few thousand cells and compared with the frame that was described last. What moves every cell
alike (exposure, flicker) does not count, unless it is as strong as a light being switched; nor does a shake of the
hand that holds the camera. How much the rest must differ is learned: a quiet sensor is believed sooner than a noisy
one, or than an encoder that paints its picture anew every few seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import gcd

import cv2
import numpy as np

from app.events import Box
from app.frames.regions import boxes
from app.frames.shake import STILL, Anchor, Cells, Shift, moved_back, unguessed
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


@dataclass(frozen=True, slots=True)
class Change:
    """What lies between two pictures."""

    far: float
    """How far the cell that moved most has moved, once shake and the whole frame's brightness are taken out; levels."""
    added: float
    """How far the whole frame has moved, in levels."""
    doubled: float
    """How many times the light has doubled or halved."""


@dataclass(slots=True)
class Floor:
    """What this camera does to a picture in which nothing happens."""

    lowest: float = 10.0
    """Levels; less is nothing on any camera."""
    highest: float = 20.0
    """Levels; more is something on any camera."""
    peak: float = 9.0
    """How far a cell has lately moved that was no news, in levels; at first as far as with a poor camera."""
    noise: float = 0.0
    """Standard deviation of a cell from one look to the next, in levels."""
    shake: float = 0.0
    """How far the camera is from where it was, in cells: less in four of five looks."""

    @property
    def local(self) -> float:
        """How far one cell must move to be news, in levels."""
        return min(self.highest, max(self.lowest, 1.25 * self.peak + 4 * self.shake + 3, 7 * self.noise))

    def met(self, far: float, shift: Shift) -> None:
        """A look was no news. The first looks of a movement are not either: by small steps they teach nothing."""
        self.peak = min(far, self.peak + 0.2) if far > self.peak else self.peak * FADING
        self.shake = max(0.0, self.shake + (0.04 if max(map(abs, shift)) > self.shake else -0.01))

    def followed(self, step: Cells) -> None:
        """What a look added to the one before. Of it the median: what moves is seldom half of the frame."""
        part = step[::4, ::4]
        part = np.abs(part - part.mean(axis=(0, 1)))  # flicker is not noise
        sigma = float(np.median(part)) / 0.95  # 0.6745 of a sigma; a difference has two noises
        self.noise += (sigma - self.noise) / 30


@dataclass(slots=True)
class Gate:
    """Opens for looks that differ from the last one that was taken."""

    overall: float = 40.0
    """How far the whole frame must move: a light switched, a hand over the lens."""
    doubled: float = 1.0
    """How many times the light must double or halve, where it is too dim for `overall`: a lens covered at dusk."""
    detail: float = 0.25
    """Levels of slack for each level that the pixels of a cell and its neighbours differ by (standard deviation)."""
    floor: Floor = field(default_factory=Floor, init=False)
    last: Taken | None = field(default=None, init=False)
    before: Cells | None = field(default=None, init=False)
    """The look that `is_calm` was given last."""
    age: int = field(default=0, init=False)
    """Looks since `last` was taken."""

    def is_news(self, look: Pixels) -> bool:
        """Whether `look`, from `shrunk`, differs from the one that was taken last."""
        new = averaged(look)
        if self.last is None or self.last.cells.shape != new.shape:
            return True
        shift, change = STILL, self.since(self.last, new, STILL)
        if self.is_much(change):
            shift = self.last.anchor.shift_to(new)
            change = self.since(self.last, new, shift)
        if not self.is_much(change):
            self.floor.met(change.far, shift)
            self.follow(look, change)
            return False
        return True

    def took(self, look: Pixels) -> None:
        """Compare with this one from now on."""
        cells = averaged(look)
        squares = cv2.pyrDown(np.square(look, dtype=np.float32))
        spread = np.sqrt(np.maximum(squares - np.square(cells), 0))
        slack = self.detail * cv2.dilate(spread, np.ones((3, 3), np.uint8))
        self.last, self.age = Taken(cells, Anchor.of(cells), slack), 0

    def is_calm(self, look: Pixels) -> bool:
        """Whether nothing moves between `look` and the one given before; to be asked once of every look."""
        new, old = averaged(look), self.before
        self.before = new
        if old is None or old.shape != new.shape:
            return False
        self.floor.followed(new - old)
        slack = self.last.slack if self.last is not None and self.last.slack.shape == new.shape else np.zeros_like(new)
        return changed(old, new, slack).far <= self.floor.local or self.is_shaken(old, new, slack)

    def regions(self, look: Pixels) -> Sequence[Box]:
        """Where `look` differs from the one that was taken last by as much as is news."""
        new = averaged(look)
        if self.last is None or self.last.cells.shape != new.shape:
            return ()
        far, _, _ = unexplained(self.last.cells, new)
        return boxes((far - self.last.slack).max(axis=2) > self.floor.local)

    def is_much(self, change: Change) -> bool:
        return change.added > self.overall or change.doubled > self.doubled or change.far > self.floor.local

    def since(self, last: Taken, new: Cells, shift: Shift) -> Change:
        inner = unguessed(shift)
        return changed(last.cells[inner], moved_back(new, shift)[inner], last.slack[inner])

    def is_shaken(self, old: Cells, new: Cells, slack: Cells) -> bool:
        """Whether a hand explains it that has shaken so far before; a lone thing that glides looks the same."""
        if self.floor.shake == 0:
            return False
        shift = Anchor.of(old).shift_to(new)
        inner = unguessed(shift)
        change = changed(old[inner], moved_back(new, shift)[inner], slack[inner])
        return max(map(abs, shift)) <= 3 * self.floor.shake and change.far <= self.floor.local

    def follow(self, look: Pixels, change: Change) -> None:
        """Light that drifts far drifts slowly: it is compared with the light of a moment ago, not of a minute."""
        self.age += 1
        has_drifted = change.added > 6 or change.doubled > 0.08
        if self.age >= FOLLOWING and has_drifted and change.far <= self.floor.local / 2:
            self.took(look)


def changed(old: Cells, new: Cells, slack: Cells | float = 0.0) -> Change:
    """What neither an added nor a multiplied brightness explains, less `slack`; and these two."""
    far, most, doubled = unexplained(old, new)
    return Change(float((far - slack).max()), most, doubled)


def unexplained(old: Cells, new: Cells) -> tuple[Cells, float, float]:
    """How far each cell has moved beyond what the whole frame's brightness explains; how far that has, and how often
    it has doubled."""
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
