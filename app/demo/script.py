"""What happens in the drawn world: which shapes come, move and go, one thing at a time, with calm in between.

Decided by a seed alone, and endless. It draws nothing; `scenes` does.
"""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock

import numpy as np

from app.demo import scenes
from app.demo.scenes import Scene, Shape

EVERY_S = 2.5
"""From one change to the next: long enough to say a sentence in between."""
CHANGING_S = 0.8
"""How long a change takes."""
_RADII = (0.11, 0.15)
_FAR = 0.25
"""A move goes at least so far (share of the frame), well over the world's CLEAR_MOVE."""
_STEPS = 12
"""Places on the way of a move at which shapes must keep apart."""
_ATTEMPTS = 300
_CHANCES = {0: (1.0, 0.0, 0.0), 1: (0.45, 0.45, 0.1), 2: (0.35, 0.45, 0.2), 3: (0.0, 0.6, 0.4)}
"""By the number of shapes: that one comes, moves, goes. The world's captions know no more than three."""


class Plan:
    """The scenes between which it happens, thought up as far as anybody has asked. Any thread may ask."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._growing = Lock()
        self.ground = scenes.sample_ground(self._rng, darkest=0.42, lightest=0.6)
        self._rests: list[Scene] = [_next_scene(self._rng, ())]

    @staticmethod
    def is_calm_at(media_s: float) -> bool:
        """Whether nothing is on its way."""
        return media_s < EVERY_S or media_s % EVERY_S >= CHANGING_S

    def scene_at(self, media_s: float) -> Scene:
        """The shapes at that time, on their way where they are."""
        turn = int(media_s / EVERY_S)
        share = (media_s - turn * EVERY_S) / CHANGING_S
        with self._growing:
            while len(self._rests) <= turn:
                self._rests.append(_next_scene(self._rng, self._rests[-1]))
            return _between(self._rests[max(0, turn - 1)], self._rests[turn], _eased(share))


def _next_scene(rng: np.random.Generator, scene: Scene) -> Scene:
    """One thing happens that changes what there is to say; where there is no room for one thing, another."""
    changes = (_with_one_more, _with_one_moved, _with_one_less)
    order = rng.choice(3, size=np.count_nonzero(_CHANCES[len(scene)]), replace=False, p=_CHANCES[len(scene)])
    after = (changes[place](rng, scene) for place in order)
    return next((each for each in after if each is not None), ())


def _with_one_more(rng: np.random.Generator, scene: Scene) -> Scene | None:
    """One more, in a place that leaves no doubt about the caption."""
    return _tried(scene, lambda: (*scene, _shape(rng, scene)))


def _with_one_moved(rng: np.random.Generator, scene: Scene) -> Scene | None:
    """One of them elsewhere, by a way that touches no other."""

    def imagined() -> Scene:
        which = int(rng.integers(len(scene)))
        return (*scene[:which], _elsewhere(rng, scene[which]), *scene[which + 1 :])

    return _tried(scene, imagined)


def _with_one_less(rng: np.random.Generator, scene: Scene) -> Scene | None:
    def imagined() -> Scene:
        which = int(rng.integers(len(scene)))
        return scene[:which] + scene[which + 1 :]

    return _tried(scene, imagined)


def _tried(before: Scene, imagined: Callable[[], Scene]) -> Scene | None:
    """The first imagined scene that is clear, says something new, and can be reached; None after many."""
    for _ in range(_ATTEMPTS):
        after = imagined()
        if _is_clear(after) and scenes.caption(after) != scenes.caption(before) and _has_way(before, after):
            return after
    return None


def _is_clear(scene: Scene) -> bool:
    return _is_roomy(scene) and scenes.is_unambiguous(scene)


def _elsewhere(rng: np.random.Generator, shape: Shape) -> Shape:
    """The shape well away from where it is, along one axis rather than between two; the same if that is outside."""
    way, aside = float(rng.uniform(_FAR, 0.7)), float(rng.uniform(-0.1, 0.1))
    steps = ((way, aside), (-way, aside), (aside, way), (aside, -way))
    dx, dy = steps[int(rng.integers(4))]
    x, y, edge = shape.x + dx, shape.y + dy, 1.1 * shape.radius
    return replace(shape, x=x, y=y) if edge <= min(x, y) and max(x, y) <= 1 - edge else shape


def _shape(rng: np.random.Generator, others: Scene) -> Shape:
    """Of a colour and a kind that the others have not."""
    colours = sorted(set(scenes.COLOURS) - {shape.colour for shape in others})
    kinds = sorted(set(scenes.KINDS) - {shape.kind for shape in others})
    radius = float(rng.uniform(*_RADII))
    x, y = rng.uniform(1.1 * radius, 1 - 1.1 * radius, 2)
    return Shape(str(rng.choice(colours)), str(rng.choice(kinds)), float(x), float(y), radius, rng.uniform(-0.2, 0.2))


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
