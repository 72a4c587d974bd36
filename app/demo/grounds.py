"""What lies behind the shapes of the drawn world, and what a camera does to the whole picture.

Grounds are desaturated, so that a colour is always a thing's colour; `film` adds a camera's faults. Neither knows of
shapes.
"""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
"""RGB, H×W×3, 0..1."""
Pixels = NDArray[np.uint8]
"""RGB, H×W×3, 0..255."""
Tone = tuple[float, float, float]
"""RGB, 0..1."""
Grain = Literal["flat", "gradient", "blotches", "stripes", "checks"]
GRAINS: tuple[Grain, ...] = ("flat", "gradient", "blotches", "stripes", "checks")


@dataclass(frozen=True, slots=True)
class Ground:
    """What is behind everything: two tones and how they mix."""

    grain: Grain
    tone: Tone
    other: Tone
    angle: float = 0.0
    """Radians; the direction in which gradients and stripes change."""
    pitch: float = 4.0
    """Stripes, checks or blotches across the picture."""
    seed: int = 0
    """Fixes the blotches."""


@dataclass(frozen=True, slots=True)
class Look:
    """A camera's faults, applied to the whole picture."""

    gain: Tone = (1.0, 1.0, 1.0)
    """Exposure and white balance, a factor for each channel."""
    lift: float = 0.0
    """Added brightness, in shares of white."""
    vignette: float = 0.0
    """Share of light lost in the corners."""
    blur: float = 0.0
    """Standard deviation, in 1/128 of the height."""
    sweep: int = 0
    """Length of a horizontal motion blur, in 1/128 of the width."""
    noise: float = 0.0
    """Standard deviation, in shares of white."""
    quality: int = 0
    """JPEG quality of 1 to 100; 0 leaves out the compression."""


PLAIN_LOOK = Look()


def grid(width: int, height: int) -> tuple[Picture, Picture]:
    """Coordinates of the pixel centres, x and y in 0..1, as a row and a column that broadcast."""
    across = (np.arange(width) + 0.5) / width
    down = (np.arange(height) + 0.5) / height
    return across.astype(np.float32)[None, :], down.astype(np.float32)[:, None]


def paint(ground: Ground, width: int, height: int) -> Picture:
    """The bare ground, float32 H×W×3 in 0..1."""
    mix = _mixture(ground, width, height)[..., None]
    one, other = np.asarray(ground.tone, np.float32), np.asarray(ground.other, np.float32)
    return np.array(np.broadcast_to(one + (other - one) * mix, (height, width, 3)), np.float32)


def _mixture(ground: Ground, width: int, height: int) -> Picture:
    """How much of the second tone shows, H×W (or broadcastable) in 0..1."""
    x, y = grid(width, height)
    along = math.cos(ground.angle) * (x - 0.5) + math.sin(ground.angle) * (y - 0.5)
    across = -math.sin(ground.angle) * (x - 0.5) + math.cos(ground.angle) * (y - 0.5)
    turns = 2 * math.pi * ground.pitch
    match ground.grain:
        case "flat":
            return np.zeros((1, 1), np.float32)
        case "gradient":
            return np.asarray(along / 1.4 + 0.5, np.float32)
        case "stripes":
            return np.asarray(np.sin(turns * along) > 0, np.float32)
        case "checks":
            return np.asarray(np.sin(turns * along) * np.sin(turns * across) > 0, np.float32)
        case "blotches":
            side = max(2, round(ground.pitch))
            spots = np.random.default_rng(ground.seed).random((side, side), dtype=np.float32)
            return np.asarray(cv2.resize(spots, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def film(pixels: Pixels, look: Look, rng: np.random.Generator) -> Pixels:
    """The same picture through a camera: optics, then light, then sensor, then compression. uint8 in and out."""
    picture = _light(_soften(to_picture(pixels), look), look)
    if look.noise > 0:
        picture = picture + rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(look.noise)
    return _compress(to_pixels(picture), look.quality)


def to_picture(pixels: Pixels) -> Picture:
    """0..255 to 0..1."""
    return np.asarray(pixels, np.float32) / np.float32(255)


def to_pixels(picture: Picture) -> Pixels:
    """0..1 to 0..255, clipped and rounded."""
    return np.asarray(np.clip(picture, 0, 1) * 255 + 0.5, np.uint8)


def _soften(picture: Picture, look: Look) -> Picture:
    height, width = picture.shape[:2]
    if look.blur > 0:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), look.blur * height / 128), np.float32)
    if look.sweep > 1:
        picture = np.asarray(cv2.blur(picture, (max(1, look.sweep * width // 128), 1)), np.float32)
    return picture


def _light(picture: Picture, look: Look) -> Picture:
    lit = picture * np.asarray(look.gain, np.float32) + np.float32(look.lift)
    if look.vignette > 0:
        x, y = grid(picture.shape[1], picture.shape[0])
        lit = lit * (1 - look.vignette * 2 * ((x - 0.5) ** 2 + (y - 0.5) ** 2))[..., None]
    return np.asarray(lit, np.float32)


def _compress(pixels: Pixels, quality: int) -> Pixels:
    """Through JPEG with halved colour resolution, which is also what a video's key frame suffers."""
    if quality == 0:
        return pixels
    packed = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def sample_ground(rng: np.random.Generator, darkest: float = 0.12, lightest: float = 0.9) -> Ground:
    """A ground at random whose tones stay between the two."""
    pitch = rng.uniform(2, 8) if rng.random() < 0.8 else rng.uniform(8, 24)
    one, two = _sample_tone(rng, darkest, lightest), _sample_tone(rng, darkest, lightest)
    share = float(rng.uniform(0.1, 0.6)) if (grain := str(rng.choice(GRAINS))) in ("stripes", "checks") else 1.0
    other = tuple(a + (b - a) * share for a, b in zip(one, two, strict=True))
    return Ground(_grain(grain), one, _tone(other), rng.uniform(0, 2 * math.pi), pitch, int(rng.integers(2**31)))


def _sample_tone(rng: np.random.Generator, darkest: float, lightest: float) -> Tone:
    tone = rng.uniform(darkest, lightest) + rng.uniform(-1, 1, 3) * rng.uniform(0, 0.13)
    return _tone(tuple(np.clip(tone, darkest, lightest)))


def _tone(values: tuple[float, ...]) -> Tone:
    red, green, blue = values
    return float(red), float(green), float(blue)


def _grain(name: str) -> Grain:
    return next(grain for grain in GRAINS if grain == name)


def sample_look(rng: np.random.Generator, dim: float = 0.86, bright: float = 1.1) -> Look:
    """A camera at random, from perfect to poor."""
    gain = rng.uniform(dim, bright) * (1 + rng.uniform(-1, 1, 3) * rng.uniform(0, 0.06))
    return Look(
        gain=_tone(tuple(gain)),
        lift=rng.uniform(-0.03, 0.03),
        vignette=rng.uniform(0, 0.3) if rng.random() < 0.2 else 0.0,
        blur=rng.uniform(0.3, 1.0) if rng.random() < 0.3 else 0.0,
        sweep=int(rng.integers(2, 5)) if rng.random() < 0.08 else 0,
        noise=rng.uniform(0, 0.06) if rng.random() < 0.5 else 0.0,
        quality=int(rng.integers(35, 95)) if rng.random() < 0.3 else 0,
    )
