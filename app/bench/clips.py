"""What the rows are shown: clips without end, of which every round takes the next frames."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np

from app.events import Frame

NOISE = 4
"""Levels of 255, up or down: a webcam's sensor in a lit room."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames for a bench, a second apart."""

    name: str
    words: str
    frames: Iterator[Frame]


def still(frame: Frame, seed: int = 1) -> Generator[Frame]:
    """One scene again and again, a second apart, each time with other sensor noise."""
    rng, number = np.random.default_rng(seed), 0
    while True:
        noise = rng.integers(-NOISE, NOISE + 1, frame.pixels.shape, np.int16)
        pixels = np.clip(frame.pixels + noise, 0, 255).astype(np.uint8)
        yield replace(frame, pixels=pixels, media_s=float(number), number=number)
        number += 1
