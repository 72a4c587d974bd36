"""Clips in which something happens, or nothing, and pictures that are one colour all over."""

from dataclasses import replace
from typing import Literal

import numpy as np

from app.demo import scenes as world
from app.demo.scenes import Background, Scene, Shape
from models.demo.training import camera, lessons
from models.demo.training.camera import Look
from models.demo.training.lessons import Clip, View

Fate = Literal["stay", "move", "come", "go"]
_EVENTS: dict[str, float] = {"move": 0.36, "come": 0.14, "go": 0.13, "stay": 0.24, "two": 0.07, "cut": 0.06}
"""What happens, and how often; "two" is any two things, "cut" another picture altogether."""


def sample_clip(rng: np.random.Generator, frames: int, *, is_clear: bool | None = None, event: str = "") -> Clip:
    """2 to 4 moments before a camera that stands still; clear or not, and what happens, by chance if not given."""
    is_clear = bool(rng.random() < 0.6) if is_clear is None else is_clear
    event = event or str(rng.choice(list(_EVENTS), p=list(_EVENTS.values())))
    if event == "cut":
        return _cut(rng, frames, is_clear)
    fates = _fates(rng, event)
    while True:
        scenes = _happening(rng, frames, is_clear, fates)
        if scenes:
            return _filmed(rng, [_trembling(rng, scene) for scene in scenes])


def _fates(rng: np.random.Generator, event: str) -> list[Fate]:
    """One for each shape that is ever there, the rest staying."""
    if event == "stay":
        return ["stay"] * int(rng.choice(4, p=(0.1, 0.3, 0.3, 0.3)))
    changes: list[Fate] = ["move", "come", "go"]
    is_two = event == "two"
    fates = [changes[int(rng.integers(3))] for _ in range(2)] if is_two else [one for one in changes if one == event]
    return [*(["stay"] * min(3 - len(fates), int(rng.choice(3, p=(0.45, 0.3, 0.25))))), *fates]


def _happening(rng: np.random.Generator, frames: int, is_clear: bool, fates: list[Fate]) -> list[Scene]:
    """The scenes of shapes with such fates, all different; nothing if they leave the frame or bump into one another."""
    start = world.sample_scene(rng, len(fates), is_clear=is_clear and "move" not in fates)
    paths = [_path(rng, shape, fate, frames, is_clear) for shape, fate in zip(start, fates, strict=True)]
    scenes = [tuple(shape for shape in moment if shape) for moment in zip(*paths, strict=True)] or [()] * frames
    is_sound = len({shape.name for shape in start}) == len(start) and (
        all(world.is_roomy(scene, is_clear=is_clear) for scene in scenes)
    )
    needs_caption = fates.count("stay") != len(fates) - 1
    slack = 1.0 if is_clear else 0.2
    return scenes if is_sound and (not needs_caption or world.is_unambiguous(scenes[-1], slack)) else []


def _path(rng: np.random.Generator, shape: Shape, fate: Fate, frames: int, is_clear: bool) -> list[Shape | None]:
    """Where the shape is at each moment, None while it is not there."""
    if fate == "stay":
        return [shape] * frames
    if fate == "move":
        dx, dy = _step(rng, is_clear)
        return [replace(shape, x=shape.x + dx * part, y=shape.y + dy * part) for part in _pace(rng, frames)]
    late = int(rng.integers(1, frames))
    growing = replace(shape, radius=shape.radius * (rng.uniform(0.5, 1) if rng.random() < 0.3 else 1))
    coming: list[Shape | None] = [*[None] * late, growing, *[shape] * (frames - late - 1)]
    return coming if fate == "come" else coming[::-1]


def _step(rng: np.random.Generator, is_clear: bool) -> tuple[float, float]:
    """Far along one axis, a little along the other."""
    far = rng.choice([-1, 1]) * rng.uniform(0.10 if is_clear else 0.07, 0.55)
    aside = far * rng.uniform(-0.3, 0.3)
    return (far, aside) if rng.random() < 0.5 else (aside, far)


def _pace(rng: np.random.Generator, frames: int) -> list[float]:
    """Shares of the way that are done at each frame, from 0 to 1: evenly, at once, or by fits and starts."""
    dice = rng.random()
    if dice < 0.5:
        return [place / (frames - 1) for place in range(frames)]
    if dice < 0.7:
        late = int(rng.integers(1, frames))
        return [0.0] * late + [1.0] * (frames - late)
    return [0.0, *sorted(rng.uniform(0, 1, frames - 2).tolist()), 1.0]


def _trembling(rng: np.random.Generator, scene: Scene) -> Scene:
    """As if the tripod shook by a pixel."""
    dx, dy = rng.uniform(-0.004, 0.004, 2)
    return tuple(replace(shape, x=shape.x + dx, y=shape.y + dy) for shape in scene)


def _filmed(rng: np.random.Generator, scenes: list[Scene]) -> Clip:
    """All before one ground and one camera, whose exposure flickers."""
    every = tuple(shape for scene in (scenes[0], scenes[-1]) for shape in scene)
    base = lessons.sample_view(rng, every)
    views = tuple(replace(base, scene=scene, look=_flicker(rng, base.look)) for scene in scenes)
    return Clip(views, replace(lessons.sample_shot(rng), is_padded=False))


def _flicker(rng: np.random.Generator, look: Look) -> Look:
    factor = rng.uniform(0.97, 1.03)
    red, green, blue = look.gain
    return replace(look, gain=(red * factor, green * factor, blue * factor))


def _cut(rng: np.random.Generator, frames: int, is_clear: bool) -> Clip:
    """From one picture to a wholly different one, either of which may be a plain field."""
    one, other = (_any_view(rng, is_clear) for _ in range(2))
    late = int(rng.integers(0, frames))
    clip = Clip((one,) * late + (other,) * (frames - late), replace(lessons.sample_shot(rng), is_padded=False))
    return clip if _is_wholly_different(one, other) else _cut(rng, frames, is_clear)


def _any_view(rng: np.random.Generator, is_clear: bool) -> View:
    if rng.random() < 0.35:
        return sample_plain(rng)
    count = int(rng.integers(0, 4))
    return lessons.sample_view(rng, lessons.sample_captionable(rng, count, is_clear))


def _is_wholly_different(one: View, other: View) -> bool:
    """No name in common, and more than one thing changes, or the picture becomes plain."""
    names = {shape.name for shape in one.scene}, {shape.name for shape in other.scene}
    is_plain = bool(one.plain or other.plain)
    return not names[0] & names[1] and (is_plain or len(one.scene) + len(other.scene) > 1)


def sample_plain(rng: np.random.Generator, colour: str = "") -> View:
    """A picture of one colour; black also as darkness with noise, white also as glare."""
    colour = colour or str(rng.choice([*world.COLOURS, "black"]))
    if colour == "black" and rng.random() < 0.6:
        return _darkness(rng)
    if colour == "white" and rng.random() < 0.4:
        return _glare(rng)
    red, green, blue = (part / 255 for part in world.COLOURS[colour])
    other = rng.uniform(0.9, 1.0)
    ground = Background("gradient", (red, green, blue), (red * other, green * other, blue * other), rng.uniform(0, 6.3))
    return View((), ground, _even_light(rng, dim=0.96 if colour == "white" else 0.8), colour)


def _even_light(rng: np.random.Generator, dim: float) -> Look:
    look = camera.sample_look(rng, dim=dim, bright=1.05)
    return replace(look, lift=rng.uniform(-0.01, 0.01), vignette=look.vignette / 3 if dim < 0.9 else 0.0)


def _darkness(rng: np.random.Generator) -> View:
    """Hardly any light on whatever is there."""
    gain = rng.uniform(0, 0.06)
    look = Look(gain=(gain, gain, gain), lift=rng.uniform(0, 0.06), noise=rng.uniform(0, 0.05))
    return View((), world.sample_background(rng), look, "black")


def _glare(rng: np.random.Generator) -> View:
    """Far too much light."""
    look = Look(gain=(0.1, 0.1, 0.1), lift=rng.uniform(0.92, 1.1), noise=rng.uniform(0, 0.03))
    return View((), world.sample_background(rng, 0.3), look, "white")
