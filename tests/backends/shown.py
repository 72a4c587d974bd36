"""Frames to show a describer, and what it makes of them before a word is chosen."""

from collections.abc import Sequence
from contextlib import closing

import mlx.core as mx
import numpy as np

from app.backends.mlx.describer import MlxDescriber
from app.events import Chunk, Frame, Request
from app.images import Pixels

SIZES = [(480, 640), (720, 1280), (1280, 720), (1, 1)]
"""Height and width: 4:3, 16:9, portrait, and as small as can be."""


def plain(colour: tuple[int, int, int] = (90, 90, 90), size: tuple[int, int] = (480, 640)) -> Frame:
    return frame(np.full((*size, 3), colour, np.uint8))


def frame(pixels: Pixels) -> Frame:
    return Frame(pixels, 0.0, 0.0, 0)


def asked(*frames: Frame, limit: int = 3) -> Request:
    return Request(frames, "What do you see?", limit)


def told(describer: MlxDescriber, *frames: Frame) -> Sequence[Chunk]:
    return list(describer.describe(asked(*frames)))


def first_word(describer: MlxDescriber, *frames: Frame) -> np.ndarray:
    """Log-probabilities of the first token, float32."""
    _, inputs = describer.plain.seen(asked(*frames))
    with closing(describer.plain.generate(inputs, 1)) as results:
        return np.array(next(results).logprobs.astype(mx.float32))
