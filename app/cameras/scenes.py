"""The drawn world, live: shapes come, move and go, one thing at a time, with calm in between. It never ends.

What it shows is decided by its seed alone, so a test can ask what there was to see at any time.
"""

import time
from collections.abc import Generator
from dataclasses import replace
from threading import Event, Lock

import numpy as np

from app.cameras import grounds, world
from app.cameras.newest import newest
from app.cameras.world import Scene, Shape
from app.flow import Banner, Frame, Notice, Pixels

EVERY_S = 2.5
"""From one change to the next: long enough to say a sentence in between."""
CHANGING_S = 0.8
"""How long a change takes."""
MOST = 3
"""Shapes at a time; the world's captions know no more."""
_RADII = (0.11, 0.15)
_FAR = 0.25
"""A move goes at least so far (share of the frame), well over the world's CLEAR_MOVE."""
_STEPS = 12
"""Places on the way of a move at which shapes must keep apart."""
_CHANCES = {0: (1.0, 0.0, 0.0), 1: (0.5, 0.4, 0.1), 2: (0.4, 0.35, 0.25), 3: (0.0, 0.55, 0.45)}
"""By the number of shapes: that one comes, moves, goes."""


class Scenes:
    """Drawn pictures at `fps`, the newest one always; every one in turn with `asap`."""

    def __init__(
        self, asap: bool = False, seed: int = 7, size: tuple[int, int] = (640, 480), fps: float = 30.0
    ) -> None:
        self._asap = asap
        self._size = size
        self._fps = fps
        self._plan = Plan(seed)

    @property
    def banner(self) -> Banner:
        return Banner("drawn scenes", ("There is no camera: the shapes are drawn by this program.",))

    def truth_at(self, media_s: float) -> Scene:
        """The shapes as drawn at that time; shapes that come or go are smaller than they will be or were."""
        return self._plan.scene_at(media_s)

    def is_calm_at(self, media_s: float) -> bool:
        """Whether nothing is changing, so that the caption of `truth_at` is exact."""
        return media_s < EVERY_S or media_s % EVERY_S >= CHANGING_S

    def frames(self, stop: Event) -> Generator[Frame | Notice]:
        """See `Source.frames`."""
        return self._drawn(stop) if self._asap else newest(self._live, stop)

    def _drawn(self, stop: Event) -> Generator[Frame]:
        number, easel = 0, Easel(self._plan.ground, self._size)
        while not stop.is_set():
            yield Frame(easel.picture(self.truth_at(number / self._fps)), time.monotonic(), number / self._fps, number)
            number += 1

    def _live(self, stop: Event) -> Generator[Frame]:
        """Each picture when it is due; those that cannot be drawn in time are left out."""
        started_at, number, easel = time.monotonic(), 0, Easel(self._plan.ground, self._size)
        while not stop.wait(max(0.0, started_at + number / self._fps - time.monotonic())):
            media_s = number / self._fps
            yield Frame(easel.picture(self.truth_at(media_s)), started_at + media_s, media_s, number)
            number = max(number + 1, int((time.monotonic() - started_at) * self._fps))


class Easel:
    """Draws scenes, and an unchanged one only once."""

    def __init__(self, ground: grounds.Ground, size: tuple[int, int]) -> None:
        self._ground = ground
        self._size = size
        self._scene: Scene | None = None
        self._picture: Pixels = np.zeros((0, 0, 3), np.uint8)

    def picture(self, scene: Scene) -> Pixels:
        """RGB; the same array as long as the scene is the same."""
        if scene != self._scene:
            self._scene, self._picture = scene, world.draw(scene, self._ground, *self._size)
        return self._picture


class Plan:
    """What happens, thought up as far as anybody has asked. Any thread may ask."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._growing = Lock()
        self.ground = grounds.sample_ground(self._rng, darkest=0.42, lightest=0.6)
        self._rests: list[Scene] = [_calm_scene(self._rng, ())]

    def scene_at(self, media_s: float) -> Scene:
        """The shapes at that time, on their way where they are."""
        turn = int(media_s / EVERY_S)
        share = (media_s - turn * EVERY_S) / CHANGING_S
        with self._growing:
            while len(self._rests) <= turn:
                self._rests.append(_next_scene(self._rng, self._rests[-1]))
            return _between(self._rests[max(0, turn - 1)], self._rests[turn], _eased(share))


def _next_scene(rng: np.random.Generator, scene: Scene) -> Scene:
    happening = rng.choice(3, p=_CHANCES[len(scene)])
    if happening == 0:
        return _calm_scene(rng, scene)
    which = int(rng.integers(len(scene)))
    if happening == 1:
        return _moved(rng, scene, which)
    return scene[:which] + scene[which + 1 :]


def _calm_scene(rng: np.random.Generator, others: Scene) -> Scene:
    """One shape more, in a place that leaves no doubt about the caption."""
    while True:
        scene = (*others, _shape(rng, others))
        if _is_roomy(scene) and world.is_unambiguous(scene):
            return scene


def _shape(rng: np.random.Generator, others: Scene) -> Shape:
    """Of a colour and a kind that the others have not."""
    colours = sorted(set(world.COLOURS) - {shape.colour for shape in others})
    kinds = sorted(set(world.KINDS) - {shape.kind for shape in others})
    radius = float(rng.uniform(*_RADII))
    x, y = rng.uniform(1.1 * radius, 1 - 1.1 * radius, 2)
    return Shape(str(rng.choice(colours)), str(rng.choice(kinds)), float(x), float(y), radius, rng.uniform(-0.2, 0.2))


def _moved(rng: np.random.Generator, scene: Scene, which: int) -> Scene:
    """One shape elsewhere, by a way that touches no other; the same scene if there is none."""
    for _ in range(2000):
        edge = 1.1 * scene[which].radius
        x, y = (float(at) for at in rng.uniform(edge, 1 - edge, 2))
        after = (*scene[:which], replace(scene[which], x=x, y=y), *scene[which + 1 :])
        if _is_clear_move(scene[which], after[which]) and world.is_unambiguous(after) and _has_way(scene, after):
            return after
    return scene


def _is_clear_move(before: Shape, after: Shape) -> bool:
    """Far enough, and along one axis rather than between two."""
    near, far = sorted((abs(after.x - before.x), abs(after.y - before.y)))
    return far >= _FAR and near <= far / 2


def _has_way(before: Scene, after: Scene) -> bool:
    return all(_is_roomy(_between(before, after, step / _STEPS)) for step in range(_STEPS + 1))


def _is_roomy(scene: Scene) -> bool:
    """No two shapes touch. Measured in shares of either axis, so wide frames have more room still."""
    pairs = [(a, b) for place, a in enumerate(scene) for b in scene[:place]]
    return all(np.hypot(a.x - b.x, a.y - b.y) > 1.15 * (a.radius + b.radius) + 0.02 for a, b in pairs)


def _between(before: Scene, after: Scene, share: float) -> Scene:
    """Part of the way: shapes of both glide, new ones grow, leaving ones shrink."""
    if share >= 1 or before == after:
        return after
    olds, news = {shape.name: shape for shape in before}, {shape.name: shape for shape in after}
    here = [_glided(olds[name], shape, share) if name in olds else _sized(shape, share) for name, shape in news.items()]
    leaving = [_sized(shape, 1 - share) for name, shape in olds.items() if name not in news]
    return tuple(shape for shape in (*here, *leaving) if shape.radius > 0)


def _glided(old: Shape, new: Shape, share: float) -> Shape:
    return replace(new, x=old.x + (new.x - old.x) * share, y=old.y + (new.y - old.y) * share)


def _sized(shape: Shape, share: float) -> Shape:
    return replace(shape, radius=shape.radius * share)


def _eased(share: float) -> float:
    """Slow at both ends."""
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)
