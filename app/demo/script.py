"""Script of the demo world: which shapes appear, move and disappear, one at a time with a pause in between.

A seed decides everything; a script has no end.
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
_MIN_MOVE = 0.25
"""The shortest move (share of the frame), well over `scenes.CLEAR_MOVE`."""
_STEPS = 12
"""Points of a move at which shapes must not touch."""
_ATTEMPTS = 300
_CHANCES = {0: (1.0, 0.0, 0.0), 1: (0.45, 0.45, 0.1), 2: (0.35, 0.45, 0.2), 3: (0.0, 0.6, 0.4)}
"""By the number of shapes: chances that one appears, moves, disappears. Captions exist for at most three."""


class Script:
    """The scenes of one seed, made as far as they are asked for. Any thread may ask."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._lock = Lock()
        self.background = scenes.sample_background(self._rng, darkest=0.42, lightest=0.6)
        self._keyframes: list[Scene] = [_next_scene(self._rng, ())]

    @staticmethod
    def is_calm_at(media_s: float) -> bool:
        """Whether nothing is changing."""
        return media_s < EVERY_S or media_s % EVERY_S >= CHANGING_S

    def scene_at(self, media_s: float) -> Scene:
        """The shapes at that time; during a change, in between."""
        turn = int(media_s / EVERY_S)
        share = (media_s - turn * EVERY_S) / CHANGING_S
        with self._lock:
            while len(self._keyframes) <= turn:
                self._keyframes.append(_next_scene(self._rng, self._keyframes[-1]))
            return _interpolate(self._keyframes[max(0, turn - 1)], self._keyframes[turn], _ease(share))


def _next_scene(rng: np.random.Generator, scene: Scene) -> Scene:
    """The scene after one change that alters the caption; if there is no room for one kind of change, another."""
    changes = (_add_shape, _move_shape, _remove_shape)
    order = rng.choice(3, size=np.count_nonzero(_CHANCES[len(scene)]), replace=False, p=_CHANCES[len(scene)])
    after = (changes[place](rng, scene) for place in order)
    return next((each for each in after if each is not None), ())


def _add_shape(rng: np.random.Generator, scene: Scene) -> Scene | None:
    return _retry(scene, lambda: (*scene, _new_shape(rng, scene)))


def _move_shape(rng: np.random.Generator, scene: Scene) -> Scene | None:
    def moved() -> Scene:
        which = int(rng.integers(len(scene)))
        return (*scene[:which], _moved_shape(rng, scene[which]), *scene[which + 1 :])

    return _retry(scene, moved)


def _remove_shape(rng: np.random.Generator, scene: Scene) -> Scene | None:
    def removed() -> Scene:
        which = int(rng.integers(len(scene)))
        return scene[:which] + scene[which + 1 :]

    return _retry(scene, removed)


def _retry(before: Scene, candidate: Callable[[], Scene]) -> Scene | None:
    """The first candidate that is clear, has another caption, and can be reached without a touch; None: none was."""
    for _ in range(_ATTEMPTS):
        after = candidate()
        is_clear = scenes.is_roomy(after) and scenes.is_unambiguous(after)
        if is_clear and scenes.caption(after) != scenes.caption(before) and _is_reachable(before, after):
            return after
    return None


def _moved_shape(rng: np.random.Generator, shape: Shape) -> Shape:
    """The shape moved far along one axis; the same if that is outside the frame."""
    far, aside = float(rng.uniform(_MIN_MOVE, 0.7)), float(rng.uniform(-0.1, 0.1))
    steps = ((far, aside), (-far, aside), (aside, far), (aside, -far))
    dx, dy = steps[int(rng.integers(4))]
    x, y, edge = shape.x + dx, shape.y + dy, 1.1 * shape.radius
    return replace(shape, x=x, y=y) if edge <= min(x, y) and max(x, y) <= 1 - edge else shape


def _new_shape(rng: np.random.Generator, others: Scene) -> Shape:
    """A random shape whose colour and kind the others do not have."""
    colours = sorted(set(scenes.COLOURS) - {shape.colour for shape in others})
    kinds = sorted(set(scenes.KINDS) - {shape.kind for shape in others})
    radius = float(rng.uniform(*_RADII))
    x, y = rng.uniform(1.1 * radius, 1 - 1.1 * radius, 2)
    return Shape(str(rng.choice(colours)), str(rng.choice(kinds)), float(x), float(y), radius, rng.uniform(-0.2, 0.2))


def _is_reachable(before: Scene, after: Scene) -> bool:
    return all(scenes.is_roomy(_interpolate(before, after, step / _STEPS)) for step in range(_STEPS + 1))


def _interpolate(before: Scene, after: Scene, share: float) -> Scene:
    """A scene part of the way (`share`, 0 to 1): shapes of both move, new ones grow, disappearing ones shrink."""
    if share >= 1 or before == after:
        return after
    olds, news = {shape.name: shape for shape in before}, {shape.name: shape for shape in after}
    here = [_between(olds[name], new, share) if name in olds else _scaled(new, share) for name, new in news.items()]
    leaving = [_scaled(shape, 1 - share) for name, shape in olds.items() if name not in news]
    return tuple(shape for shape in (*here, *leaving) if shape.radius > 0)


def _between(old: Shape, new: Shape, share: float) -> Shape:
    return replace(new, x=old.x + (new.x - old.x) * share, y=old.y + (new.y - old.y) * share)


def _scaled(shape: Shape, share: float) -> Shape:
    return replace(shape, radius=shape.radius * share)


def _ease(share: float) -> float:
    """Smoothstep: slow at both ends."""
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)
