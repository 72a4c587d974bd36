"""What happens in a clip: a seed becomes scenes, changes between them, and what disturbs or blinds the camera.

It draws nothing. Times are seconds of the clip.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.demo import scenes
from app.demo.scenes import Background, Scene, Shape
from app.score.truth import SpanKind

NUISANCES = ("noise", "flicker", "drift", "shake", "blocks", "jpeg")
BLINDNESS: tuple[tuple[SpanKind, str, float], ...] = (
    ("dark", "fading", 1.0),
    ("dark", "sudden", 0.0),
    ("covered", "hand", 0.15),
    ("covered", "lid", 0.0),
    ("frozen", "repeated", 0.0),
    ("blurred", "defocus", 0.3),
)
"""What blinds a camera, in which way, and how many seconds it takes to come."""
LONGEST_CHANGE_S = 0.8
_SHARES = {"appear": 3, "vanish": 3, "move": 3, "recolour": 2, "swap": 1, "several": 2, "cut": 1}
"""How often each kind of change is tried first."""
_AT_ONCE = ("recolour", "swap", "cut")
"""Kinds that have no way between."""
_FAR = 0.25
"""A move goes at least so far, in shares of the frame."""
_ATTEMPTS = 400


@dataclass(frozen=True, slots=True)
class Beat:
    """A change from one scene to the next."""

    at: float
    lasts: float
    """Seconds; 0 is at once."""
    kind: str
    before: Scene
    after: Scene
    ground: Background
    """From then on."""

    @property
    def until(self) -> float:
        return self.at + self.lasts


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which something disturbs the picture."""

    since: float
    until: float
    nuisance: str


@dataclass(frozen=True, slots=True)
class Blind:
    """A time in which the camera sees little or nothing."""

    since: float
    """When it has come in full; it began `ramp` before."""
    until: float
    kind: SpanKind
    way: str
    ramp: float


@dataclass(frozen=True, slots=True)
class Script:
    seconds: float
    ground: Background
    """At the beginning."""
    first: Scene
    beats: tuple[Beat, ...]
    stretches: tuple[Stretch, ...] = ()
    blinds: tuple[Blind, ...] = ()


def lively(rng: np.random.Generator, seconds: float) -> Script:
    """Something every 3 to 12 seconds, with nuisances in stretches."""
    return replace(eventful(rng, seconds, (3.0, 12.0)), stretches=stretches(rng, seconds))


def quiet(rng: np.random.Generator, seconds: float) -> Script:
    """Something every 10 to 20 seconds, with nuisances in stretches."""
    return replace(eventful(rng, seconds, (10.0, 20.0)), stretches=stretches(rng, seconds))


def nuisances(rng: np.random.Generator, seconds: float) -> Script:
    """Nothing happens, and every nuisance comes in turn."""
    script, each_s = eventful(rng, seconds, (2 * seconds, 2 * seconds)), (seconds - 3) / len(NUISANCES)
    starts = [3 + place * each_s for place in range(len(NUISANCES))]
    order = rng.permutation(NUISANCES)
    return replace(
        script,
        stretches=tuple(Stretch(at, at + each_s, str(name)) for at, name in zip(starts, order, strict=True)),
    )


def blinded(rng: np.random.Generator, seconds: float) -> Script:
    """A noisy camera is blinded in one way after the other; now and then the scene is another one afterwards."""
    script, at, beats, blinds = eventful(rng, seconds, (2 * seconds, 2 * seconds)), 6.0, list[Beat](), list[Blind]()
    scene = script.first
    for place in rng.permutation(len(BLINDNESS)):
        kind, way, ramp = BLINDNESS[int(place)]
        until = at + float(rng.uniform(4.5, 6.5))
        if until + 3 > seconds:
            break
        blinds.append(Blind(at, until, kind, way, ramp))
        if rng.random() < 0.4:
            beats.append(_beat(rng, until, scene, script.ground))
            beats[-1] = replace(beats[-1], lasts=0.0, ground=script.ground)
            scene = beats[-1].after
        at = until + float(rng.uniform(4.0, 6.0))
    noise = Stretch(0.0, seconds, "noise")
    return replace(script, beats=tuple(beats), stretches=(noise,), blinds=tuple(blinds))


PLOTS: dict[str, Callable[[np.random.Generator, float], Script]] = {
    "lively": lively,
    "quiet": quiet,
    "nuisances": nuisances,
    "blinded": blinded,
}


def eventful(rng: np.random.Generator, seconds: float, calm: tuple[float, float]) -> Script:
    """Changes with calm of so many seconds between them, and a little calm at the end."""
    ground, scene, beats, at = sample_background(rng), sample_scene(rng), list[Beat](), float(rng.uniform(*calm))
    first = ground, scene
    while at < seconds - 3:
        beats.append(_beat(rng, at, scene, ground))
        scene, ground = beats[-1].after, beats[-1].ground
        at = beats[-1].until + float(rng.uniform(*calm))
    return Script(seconds, *first, tuple(beats))


def stretches(rng: np.random.Generator, seconds: float) -> tuple[Stretch, ...]:
    """Nuisances of 5 to 12 seconds with rests between, now and then two at a time."""
    found, at = [], float(rng.uniform(1, 6))
    while at < seconds - 2:
        until = min(seconds, at + float(rng.uniform(5, 12)))
        names = rng.choice(NUISANCES, size=1 if rng.random() < 0.7 else 2, replace=False)
        found += [Stretch(at, until, str(name)) for name in names]
        at = until + float(rng.uniform(2, 8))
    return tuple(found)


def sample_background(rng: np.random.Generator) -> Background:
    """As the model's lessons have them where any colour may lie on them."""
    return scenes.sample_background(rng, darkest=0.42, lightest=0.6)


def sample_scene(rng: np.random.Generator) -> Scene:
    """Up to three shapes of different colours, such that nobody doubts the caption."""
    while True:
        scene = scenes.sample_scene(rng, int(rng.choice(4, p=(0.1, 0.35, 0.35, 0.2))))
        if len({shape.colour for shape in scene}) == len(scene):
            return scene


def _beat(rng: np.random.Generator, at: float, scene: Scene, ground: Background) -> Beat:
    """The first kind of change, in an order by chance, that can happen to this scene."""
    kinds, chances = list(_SHARES), np.array(list(_SHARES.values()), float)
    for kind in rng.permutation(rng.choice(kinds, size=len(kinds), replace=False, p=chances / chances.sum())):
        if (after := _tried(rng, str(kind), scene)) is not None:
            is_sudden = kind in _AT_ONCE or rng.random() < 0.4
            lasts = 0.0 if is_sudden else float(rng.uniform(0.25, LONGEST_CHANGE_S))
            return Beat(at, lasts, str(kind), scene, after, sample_background(rng) if kind == "cut" else ground)
    raise RuntimeError("nothing can happen to this scene")


def _tried(rng: np.random.Generator, kind: str, scene: Scene) -> Scene | None:
    """A scene after this kind of change that has another caption and leaves no doubt; None if there is none."""
    for _ in range(_ATTEMPTS):
        after = CHANGES[kind](rng, scene)
        if after is not None and is_clear(after) and scenes.caption(after) != scenes.caption(scene):
            return after
    return None


def is_clear(scene: Scene) -> bool:
    return len({shape.colour for shape in scene}) == len(scene) <= 3 and (
        scenes.is_roomy(scene) and scenes.is_unambiguous(scene)
    )


def _appear(rng: np.random.Generator, scene: Scene) -> Scene | None:
    return (*scene, scenes.sample_scene(rng, 1)[0]) if len(scene) < 3 else None


def _vanish(rng: np.random.Generator, scene: Scene) -> Scene | None:
    which = int(rng.integers(len(scene))) if scene else 0
    return scene[:which] + scene[which + 1 :] if scene else None


def _move(rng: np.random.Generator, scene: Scene) -> Scene | None:
    def moved(shape: Shape) -> Shape:
        way, turn = float(rng.uniform(_FAR, 0.7)), float(rng.uniform(0, 2 * np.pi))
        return replace(shape, x=shape.x + way * np.cos(turn), y=shape.y + way * np.sin(turn))

    return _with_one(rng, scene, moved)


def _recolour(rng: np.random.Generator, scene: Scene) -> Scene | None:
    return _with_one(rng, scene, lambda shape: replace(shape, colour=str(rng.choice(list(scenes.COLOURS)))))


def _swap(rng: np.random.Generator, scene: Scene) -> Scene | None:
    """Another kind of shape in the same place."""
    return _with_one(rng, scene, lambda shape: replace(shape, kind=str(rng.choice(scenes.KINDS))))


def _several(rng: np.random.Generator, scene: Scene) -> Scene | None:
    """Two changes at once."""
    kinds: Sequence[str] = ("appear", "vanish", "move")
    for kind in rng.choice(kinds, 2, replace=False):
        if (after := CHANGES[str(kind)](rng, scene)) is None:
            return None
        scene = after
    return scene


def _cut(rng: np.random.Generator, _scene: Scene) -> Scene | None:
    return sample_scene(rng)


def _with_one(rng: np.random.Generator, scene: Scene, changed: Callable[[Shape], Shape]) -> Scene | None:
    if not scene:
        return None
    which = int(rng.integers(len(scene)))
    return (*scene[:which], changed(scene[which]), *scene[which + 1 :])


CHANGES: dict[str, Callable[[np.random.Generator, Scene], Scene | None]] = {
    "appear": _appear,
    "vanish": _vanish,
    "move": _move,
    "recolour": _recolour,
    "swap": _swap,
    "several": _several,
    "cut": _cut,
}
