"""What a camera does to the whole picture: exposure, blur, noise, compression."""

from dataclasses import dataclass

import cv2
import numpy as np

from app.demo.scenes import Picture, Tone, grid, to_picture, to_pixels
from app.images import Pixels


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


def film(pixels: Pixels, look: Look, rng: np.random.Generator) -> Pixels:
    """The same picture through a camera: optics, then light, then sensor, then compression. uint8 in and out."""
    picture = _light(_soften(to_picture(pixels), look), look)
    if look.noise > 0:
        picture = picture + rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(look.noise)
    return _compress(to_pixels(picture), look.quality)


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


def sample_look(rng: np.random.Generator, dim: float = 0.86, bright: float = 1.1) -> Look:
    """A camera at random, from perfect to poor."""
    red, green, blue = rng.uniform(dim, bright) * (1 + rng.uniform(-1, 1, 3) * rng.uniform(0, 0.06))
    return Look(
        gain=(float(red), float(green), float(blue)),
        lift=rng.uniform(-0.03, 0.03),
        vignette=rng.uniform(0, 0.3) if rng.random() < 0.2 else 0.0,
        blur=rng.uniform(0.3, 1.0) if rng.random() < 0.3 else 0.0,
        sweep=int(rng.integers(2, 5)) if rng.random() < 0.08 else 0,
        noise=rng.uniform(0, 0.06) if rng.random() < 0.5 else 0.0,
        quality=int(rng.integers(35, 95)) if rng.random() < 0.3 else 0,
    )
