"""From levels to the numbers that a vision tower was trained on: those of the model's image processor, bit for bit.

In bfloat16 a difference in the last bit of a pixel can grow until another word is the likeliest.
"""

from collections.abc import Callable
from typing import Any

import mlx.core as mx
import numpy as np

Normalize = Callable[[mx.array], mx.array]
"""From uint8, …×3, to float32 of the same shape."""


def divided(levels: mx.array, factor: float) -> mx.array:
    """As transformers rescales, in float64 and then rounded: a quotient of float32 is the same for every level."""
    return levels / round(1 / factor, 9)


def multiplied(levels: mx.array, factor: float) -> mx.array:
    """As mlx-vlm's own processors rescale, in float32."""
    return levels * factor


def normalizer(images: Any, rescaled: Callable[[mx.array, float], mx.array] = divided) -> Normalize:
    """(level × rescale_factor − mean) / std, as `images` has them, an image processor; step by step in float32."""
    factor = float(images.rescale_factor) if images.do_rescale else 1.0
    mean, std = constant(images.image_mean), constant(images.image_std)

    @mx.compile
    def normalize(levels: mx.array) -> mx.array:
        return (rescaled(levels.astype(mx.float32), factor) - mean) / std

    return normalize


def constant(channels: Any) -> mx.array | float:
    """One number where all channels have the same: MLX's CPU is four times as quick with it."""
    return float(channels[0]) if len(set(channels)) == 1 else mx.array(np.asarray(channels, np.float32))
