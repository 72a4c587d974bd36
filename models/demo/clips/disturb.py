"""What disturbs a camera, and what blinds it: pictures in and out, uint8 RGB H×W×3. It knows nothing of shapes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from app.images import Pixels

SKIN = (176, 118, 92)
LID = (12, 10, 9)
DARK = 0.05
"""Of the light that is left in the dark."""
SHAKE = 0.006
"""Of the height: how far a hand shakes, at most."""


@dataclass(slots=True)
class Disturbing:
    """One camera's faults; strengths are drawn once a clip."""

    seed: int
    rng: np.random.Generator = field(init=False)
    grain: NDArray[np.int16] = field(init=False)
    """Larger than a frame; another part of it for each."""
    strength: float = field(init=False)
    """0.4 to 1 of the strongest."""

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.strength = float(self.rng.uniform(0.4, 1.0))
        self.grain = np.round(self.rng.normal(0, 1, (1200, 1800, 3)) * 64).astype(np.int16)

    def disturbed(self, pixels: Pixels, nuisance: str, media_s: float) -> Pixels:
        return NUISANCES[nuisance](self, pixels, media_s)

    def noisy(self, pixels: Pixels, sigma: float) -> Pixels:
        """`sigma` in levels."""
        height, width = pixels.shape[:2]
        top, left = self.rng.integers(1200 - height), self.rng.integers(1800 - width)
        grain = self.grain[top : top + height, left : left + width]
        mixed = cv2.addWeighted(pixels.astype(np.int16), 1, grain, sigma / 64, 0)
        return np.asarray(mixed.clip(0, 255), np.uint8)


def _noise(by: Disturbing, pixels: Pixels, _media_s: float) -> Pixels:
    return by.noisy(pixels, 12 * by.strength)


def _flicker(by: Disturbing, pixels: Pixels, media_s: float) -> Pixels:
    """Lamps on the mains, beaten down by the frame rate, with a little chance."""
    beat = np.sin(2 * np.pi * 3.3 * media_s) + 0.5 * float(by.rng.uniform(-1, 1))
    return lit(pixels, 1 + 0.05 * by.strength * beat)


def _drift(by: Disturbing, pixels: Pixels, media_s: float) -> Pixels:
    """The exposure wanders up and down within eight seconds."""
    return lit(pixels, 1 - 0.13 * by.strength * (1 - np.cos(2 * np.pi * media_s / 8)))


def _shake(by: Disturbing, pixels: Pixels, media_s: float) -> Pixels:
    height, width = pixels.shape[:2]
    reach = SHAKE * height * by.strength
    x, y = np.sin(2 * np.pi * 2.1 * media_s) * reach, np.sin(2 * np.pi * 2.9 * media_s + 1) * reach
    moved = np.array([[1, 0, x], [0, 1, y]], np.float32)
    return np.asarray(cv2.warpAffine(pixels, moved, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _blocks(by: Disturbing, pixels: Pixels, media_s: float) -> Pixels:
    """A poor encoder: worse and worse until the next key frame, once a second."""
    return _packed(pixels, int(45 - 30 * by.strength * (media_s % 1.0)))


def _jpeg(_by: Disturbing, pixels: Pixels, _media_s: float) -> Pixels:
    return _packed(pixels, 35)


NUISANCES: dict[str, Callable[[Disturbing, Pixels, float], Pixels]] = {
    "noise": _noise,
    "flicker": _flicker,
    "drift": _drift,
    "shake": _shake,
    "blocks": _blocks,
    "jpeg": _jpeg,
}


def lit(pixels: Pixels, factor: float) -> Pixels:
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=max(0.0, factor)), np.uint8)


def _packed(pixels: Pixels, quality: int) -> Pixels:
    packed = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB), np.uint8)


def blinded(pixels: Pixels, way: str, share: float) -> Pixels:
    """`share` 0 to 1: how much of it has come. A frozen camera is for whoever gives the frames."""
    return WAYS[way](pixels, share) if way in WAYS else pixels


def _dark(pixels: Pixels, share: float) -> Pixels:
    return lit(pixels, 1 - (1 - DARK) * share)


def _hand(pixels: Pixels, share: float) -> Pixels:
    """A palm comes from below; light shines through at the top."""
    height, width = pixels.shape[:2]
    glow = np.linspace(1.15, 0.75, height, dtype=np.float32)[:, None, None]
    palm = np.clip(glow * np.asarray(SKIN, np.float32), 0, 255)
    covered, edge = pixels.copy(), round(height * (1 - share))
    covered[edge:] = np.broadcast_to(palm, (height, width, 3))[edge:]
    return covered


def _lid(pixels: Pixels, share: float) -> Pixels:
    return np.full_like(pixels, LID) if share >= 1 else pixels


def _defocus(pixels: Pixels, share: float) -> Pixels:
    sigma = 0.025 * pixels.shape[0] * share
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8) if sigma > 0.3 else pixels


WAYS: dict[str, Callable[[Pixels, float], Pixels]] = {
    "fading": _dark,
    "sudden": _dark,
    "hand": _hand,
    "lid": _lid,
    "defocus": _defocus,
}
