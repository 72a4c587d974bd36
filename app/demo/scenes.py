"""Scenes of the demo world: up to three coloured shapes on a plain background, their pictures and true captions.

The demo source, the tests and the training of the bundled model all draw from here: what is drawn must stay the same,
pixel by pixel. Positions are shares of the frame (x of its width, y of its height), sizes are shares of its height.
Backgrounds are desaturated, so that a colour is always a shape's colour.
"""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from app.images import Pixels

Picture = NDArray[np.float32]
"""RGB, H×W×3, 0..1."""
Tone = tuple[float, float, float]
"""RGB, 0..1."""
Grain = Literal["flat", "gradient", "blotches", "stripes", "checks"]
GRAINS: tuple[Grain, ...] = ("flat", "gradient", "blotches", "stripes", "checks")


@dataclass(frozen=True, slots=True)
class Background:
    """Two tones and the pattern that they make."""

    grain: Grain
    tone: Tone
    other: Tone
    angle: float = 0.0
    """Radians; the direction in which gradients and stripes change."""
    pitch: float = 4.0
    """How many stripes, checks or blotches fit across the picture."""
    seed: int = 0
    """Fixes the blotches."""


def grid(width: int, height: int) -> tuple[Picture, Picture]:
    """Coordinates of the pixel centres: x (1×W) and y (H×1), float32 in 0..1."""
    across = (np.arange(width) + 0.5) / width
    down = (np.arange(height) + 0.5) / height
    return across.astype(np.float32)[None, :], down.astype(np.float32)[:, None]


def paint(background: Background, width: int, height: int) -> Picture:
    """Draw the background alone, float32 H×W×3 in 0..1."""
    mix = _mixture(background, width, height)[..., None]
    one, other = np.asarray(background.tone, np.float32), np.asarray(background.other, np.float32)
    return np.array(np.broadcast_to(one + (other - one) * mix, (height, width, 3)), np.float32)


def _mixture(background: Background, width: int, height: int) -> Picture:
    """Share of the second tone, float32 H×W (or broadcastable) in 0..1."""
    x, y = grid(width, height)
    along = math.cos(background.angle) * (x - 0.5) + math.sin(background.angle) * (y - 0.5)
    across = -math.sin(background.angle) * (x - 0.5) + math.cos(background.angle) * (y - 0.5)
    turns = 2 * math.pi * background.pitch
    match background.grain:
        case "flat":
            return np.zeros((1, 1), np.float32)
        case "gradient":
            return np.asarray(along / 1.4 + 0.5, np.float32)
        case "stripes":
            return np.asarray(np.sin(turns * along) > 0, np.float32)
        case "checks":
            return np.asarray(np.sin(turns * along) * np.sin(turns * across) > 0, np.float32)
        case "blotches":
            side = max(2, round(background.pitch))
            spots = np.random.default_rng(background.seed).random((side, side), dtype=np.float32)
            return np.asarray(cv2.resize(spots, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def to_picture(pixels: Pixels) -> Picture:
    """Convert uint8 0..255 to float32 0..1."""
    return np.asarray(pixels, np.float32) / np.float32(255)


def to_pixels(picture: Picture) -> Pixels:
    """Convert float32 0..1 to uint8 0..255, clipped and rounded."""
    return np.asarray(np.clip(picture, 0, 1) * 255 + 0.5, np.uint8)


def sample_background(rng: np.random.Generator, darkest: float = 0.12, lightest: float = 0.9) -> Background:
    """A random background whose tones stay between the two limits (0..1)."""
    pitch = rng.uniform(2, 8) if rng.random() < 0.8 else rng.uniform(8, 24)
    one, two = _sample_tone(rng, darkest, lightest), _sample_tone(rng, darkest, lightest)
    share = float(rng.uniform(0.1, 0.6)) if (grain := str(rng.choice(GRAINS))) in ("stripes", "checks") else 1.0
    other = tuple(a + (b - a) * share for a, b in zip(one, two, strict=True))
    return Background(_grain(grain), one, _tone(other), rng.uniform(0, 2 * math.pi), pitch, int(rng.integers(2**31)))


def _sample_tone(rng: np.random.Generator, darkest: float, lightest: float) -> Tone:
    tone = rng.uniform(darkest, lightest) + rng.uniform(-1, 1, 3) * rng.uniform(0, 0.13)
    return _tone(tuple(np.clip(tone, darkest, lightest)))


def _tone(values: tuple[float, ...]) -> Tone:
    red, green, blue = values
    return float(red), float(green), float(blue)


def _grain(name: str) -> Grain:
    return next(grain for grain in GRAINS if grain == name)


COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (210, 35, 40),
    "orange": (245, 135, 20),
    "yellow": (245, 220, 40),
    "green": (40, 160, 60),
    "blue": (40, 80, 215),
    "purple": (135, 45, 170),
    "white": (245, 245, 245),
    "black": (20, 20, 20),
}
"""RGB, 0..255."""
KINDS = ("circle", "square", "triangle", "star", "cross")
CLEAR_MOVE = 0.07
"""From this distance on (share of the frame) a caption says that a shape moves; from 0.10 on it is plain to see."""
AT_REST = 0.03
"""Up to this distance a shape counts as resting."""
_ATTEMPTS = 5000


@dataclass(frozen=True, slots=True)
class Shape:
    """A coloured shape and its place."""

    colour: str
    kind: str
    x: float
    y: float
    radius: float
    """Share of the frame's height, 0.09 to 0.21."""
    tilt: float = 0.0
    """Radians, clockwise."""

    @property
    def name(self) -> str:
        """Such as "red circle"."""
        return f"{self.colour} {self.kind}"

    @property
    def noun_phrase(self) -> str:
        """Such as "a red circle"."""
        return f"{'an' if self.colour[0] in 'aeiou' else 'a'} {self.name}"


Scene = tuple[Shape, ...]


def caption(shapes: Sequence[Shape]) -> str:
    """The caption of a picture with these shapes, in the one wording that the demo model is trained on."""
    if not shapes:
        return "The scene is empty."
    if len(shapes) == 1:
        return _capitalized(f"{shapes[0].noun_phrase} is {_place(shapes[0])}.")
    if len(shapes) == 2:
        return _capitalized(_relation(*shapes))
    ordered = [shape.noun_phrase for shape in sorted(shapes, key=lambda shape: shape.x)]
    return f"From left to right: {', '.join(ordered[:-1])} and {ordered[-1]}."


def _capitalized(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _place(shape: Shape) -> str:
    """Where in the frame, by its thirds."""
    column = "left" if shape.x < 1 / 3 else "right" if shape.x > 2 / 3 else ""
    row = "top" if shape.y < 1 / 3 else "bottom" if shape.y > 2 / 3 else ""
    if row and column:
        return f"in the {row} {column}"
    if row:
        return f"at the {row}"
    return f"on the {column}" if column else "in the center"


def _relation(a: Shape, b: Shape) -> str:
    """How two shapes stand to each other, along the axis on which they are further apart."""
    if abs(a.x - b.x) >= abs(a.y - b.y):
        first, second = sorted((a, b), key=lambda shape: shape.x)
        return f"{first.noun_phrase} is left of {second.noun_phrase}."
    first, second = sorted((a, b), key=lambda shape: shape.y)
    return f"{first.noun_phrase} is above {second.noun_phrase}."


def story(scenes: Sequence[Scene]) -> str:
    """The caption of a clip, oldest scene first: what happened to one shape, or else the caption of the last scene.

    Shapes are matched by colour and kind, so a clip should not contain two that are alike.
    """
    first, last = scenes[0], scenes[-1]
    came, left = _surplus(last, first), _surplus(first, last)
    moves = [(shape, step) for shape in last for step in [_step(first, shape)] if math.hypot(*step) > AT_REST]
    if len(came) + len(left) == 1 and not moves:
        return _capitalized(f"{came[0].noun_phrase} appears." if came else f"{left[0].noun_phrase} disappears.")
    if len(moves) == 1 and not came and not left and max(map(abs, moves[0][1])) >= CLEAR_MOVE:
        return _capitalized(f"{moves[0][0].noun_phrase} moves {_direction(*moves[0][1])}.")
    return caption(last)


def _surplus(here: Scene, there: Scene) -> list[Shape]:
    """The shapes of `here` without a counterpart in `there`."""
    extra = Counter(shape.name for shape in here) - Counter(shape.name for shape in there)
    return [shape for shape in here if extra[shape.name]]


def _step(first: Scene, shape: Shape) -> tuple[float, float]:
    """How far a shape has moved since `first`, as (dx, dy); (0, 0) if it was not there."""
    steps = [(shape.x - old.x, shape.y - old.y) for old in first if old.name == shape.name]
    return min(steps, key=lambda step: math.hypot(*step), default=(0.0, 0.0))


def _direction(dx: float, dy: float) -> str:
    if abs(dx) >= abs(dy):
        return "left" if dx < 0 else "right"
    return "up" if dy < 0 else "down"


def draw(
    shapes: Sequence[Shape], background: Background, width: int, height: int, aspect: float | None = None
) -> Pixels:
    """Draw a scene, uint8 RGB height×width×3.

    `aspect`: width/height of the frame before it is squeezed into this picture, such as 4/3 for a square tile of a
    4:3 frame; None: it is not squeezed.
    """
    picture = paint(background, width, height)
    for shape in shapes:
        _draw_shape(picture, shape, aspect or width / height)
    return to_pixels(picture)


def _draw_shape(picture: Picture, shape: Shape, aspect: float) -> None:
    """Draw one shape into the picture, in place and antialiased."""
    height, width = picture.shape[:2]
    reach = 1.25 * shape.radius
    columns, rows = _span(shape.x, reach / aspect, width), _span(shape.y, reach, height)
    x, y = grid(width, height)
    cover = np.clip(0.5 - distance(shape, x[:, columns], y[rows], aspect) * height, 0, 1)[..., None]
    patch = picture[rows, columns]
    patch += (to_picture(np.asarray(COLOURS[shape.colour], np.uint8)) - patch) * cover


def _span(middle: float, reach: float, size: int) -> slice:
    """The pixels within `reach` of `middle`, clipped to the picture."""
    return slice(max(0, int((middle - reach) * size)), max(0, int((middle + reach) * size) + 2))


def distance(shape: Shape, x: Picture, y: Picture, aspect: float) -> NDArray[np.float32]:
    """Signed distance of points from the shape's edge, negative inside, float32 in shares of the frame's height.

    `x`, `y` are shares of the frame and broadcast. The formulas are the usual signed distance functions
    (iquilezles.org/articles/distfunctions2d), simplified where only the sign near the edge matters.
    """
    across, down = (x - np.float32(shape.x)) * np.float32(aspect), y - np.float32(shape.y)
    cos, sin = math.cos(shape.tilt), math.sin(shape.tilt)
    u, v = cos * across + sin * down, cos * down - sin * across
    return np.asarray(_OUTLINES[shape.kind](u, v, shape.radius), np.float32)


def _circle(u: Picture, v: Picture, r: float) -> Picture:
    return np.asarray(np.hypot(u, v) - r, np.float32)


def _square(u: Picture, v: Picture, r: float) -> Picture:
    return np.asarray(np.maximum(np.abs(u), np.abs(v)) - 0.86 * r, np.float32)


def _triangle(u: Picture, v: Picture, r: float) -> Picture:
    return np.asarray(np.maximum(v, 0.866 * np.abs(u) - 0.5 * v) - 0.55 * r, np.float32)


def _cross(u: Picture, v: Picture, r: float) -> Picture:
    a, b = np.abs(u), np.abs(v)
    return np.asarray(np.minimum(np.maximum(a - r, b - 0.32 * r), np.maximum(a - 0.32 * r, b - r)), np.float32)


def _star(u: Picture, v: Picture, r: float) -> Picture:
    """A five-pointed star: the plane is folded into half a point, which has one edge."""
    fifth = 2 * math.pi / 5
    angle = np.abs((np.arctan2(u, -v) + fifth / 2) % fifth - fifth / 2)
    tip, notch_x, notch_y = 1.12 * r, 0.48 * r * math.cos(fifth / 2), 0.48 * r * math.sin(fifth / 2)
    edge_x, edge_y = notch_x - tip, notch_y
    from_tip, beside = np.hypot(u, v) * np.cos(angle) - tip, np.hypot(u, v) * np.sin(angle)
    return np.asarray((from_tip * edge_y - beside * edge_x) / math.hypot(edge_x, edge_y), np.float32)


_OUTLINES = {"circle": _circle, "square": _square, "triangle": _triangle, "star": _star, "cross": _cross}


def sample_scene(rng: np.random.Generator, count: int, *, is_clear: bool = True) -> Scene:
    """A random scene of `count` shapes (0 to 3).

    `is_clear`: avoid what makes a caption a matter of opinion, such as borders of thirds, nearly equal distances, a
    nearly tied order, cut or crowded shapes.

    Raises:
        RuntimeError: no such scene was found.
    """
    for _ in range(_ATTEMPTS):
        scene = tuple(_sample_shape(rng, count, is_clear) for _ in range(count))
        if is_roomy(scene, is_clear=is_clear) and (not is_clear or is_unambiguous(scene)):
            return scene
    raise RuntimeError(f"no room for {count} shapes in {_ATTEMPTS} attempts")


def _sample_shape(rng: np.random.Generator, count: int, is_clear: bool) -> Shape:
    radius = rng.uniform(0.09 if is_clear else 0.07, (0.21, 0.21, 0.18, 0.15)[count])
    edge = radius * (1.1 if is_clear else 0.7)
    colour, kind = str(rng.choice(list(COLOURS))), str(rng.choice(KINDS))
    x, y = rng.uniform(edge, 1 - edge), rng.uniform(edge, 1 - edge)
    return Shape(colour, kind, x, y, radius, rng.uniform(-0.2, 0.2))


def is_roomy(scene: Scene, *, is_clear: bool = True) -> bool:
    """Whether all shapes are inside the frame and apart; without `is_clear` they may touch and be cut by the edge."""
    edge, factor, gap = (1.1, 1.15, 0.02) if is_clear else (0.7, 0.95, 0.0)
    pairs = [(a, b) for place, a in enumerate(scene) for b in scene[:place]]
    is_inside = all(edge * one.radius <= at <= 1 - edge * one.radius for one in scene for at in (one.x, one.y))
    return is_inside and all(math.hypot(a.x - b.x, a.y - b.y) > (a.radius + b.radius) * factor + gap for a, b in pairs)


def is_unambiguous(scene: Scene, slack: float = 1.0) -> bool:
    """Whether only one caption is right for it; a smaller `slack` is more lenient."""
    if len(scene) == 1:
        return all(abs(at - border) >= 0.04 * slack for at in (scene[0].x, scene[0].y) for border in (1 / 3, 2 / 3))
    if len(scene) == 2:
        near, far = sorted((abs(scene[0].x - scene[1].x), abs(scene[0].y - scene[1].y)))
        return far >= 0.2 * slack and far >= (1 + 0.5 * slack) * near
    places = sorted(shape.x for shape in scene)
    return all(b - a >= 0.12 * slack for a, b in itertools.pairwise(places))
