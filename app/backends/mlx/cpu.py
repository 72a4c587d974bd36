"""Activations in arithmetic that MLX's CPU is quick in: the same functions to 3e-6, and on no other device.

MLX takes tanh and exp one number at a time there, 13 to 26 ns each: in SigLIP-B/16's tower that is as long as all its
matrices. As a quotient of two polynomials, in one compiled pass, GELU is seven times as fast.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlx.core as mx
from mlx.nn.layers.activations import GELU
from mlx.nn.layers.base import Module
from mlx_vlm.models.mlp import SwiGLUMLP

EDGE = 7.90531110763549805
"""Where float32's tanh has become 1."""
ABOVE = (
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-08,
    1.48572235717979e-05,
    6.37261928875436e-04,
    4.89352455891786e-03,
)
BELOW = (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
"""tanh(x) = x·ABOVE(x²)/BELOW(x²), highest power first: the minimax quotient behind Eigen's tanh of a float."""
SLOPE, CUBE = 0.7978845608028654, 0.044715
"""√(2/π) and the cubic's factor: Hendrycks and Gimpel, 2016."""


class QuickGelu(GELU):
    """`mlx.nn.GELU(approx="tanh")`, of float32."""

    def __call__(self, x: mx.array) -> mx.array:
        return gelu(x)


class QuickSwiGlu(SwiGLUMLP):  # type: ignore[misc]  # mlx-vlm ships no types
    """mlx-vlm's gated MLP, of float32."""

    def __call__(self, x: mx.array) -> mx.array:
        found: mx.array = self.down_proj(swiglu(self.gate_proj(x), self.up_proj(x)))
        return found


QUICK: dict[type[Module], type[Module]] = {GELU: QuickGelu, SwiGLUMLP: QuickSwiGlu}
OTHER_GELU = ("none", "fast")
"""`approx` of those that are no tanh."""


@mx.compile
def gelu(x: mx.array) -> mx.array:
    """x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, of any shape."""
    return 0.5 * x * (1 + tanh(x * (SLOPE + SLOPE * CUBE * (x * x))))


@mx.compile
def swiglu(gate: mx.array, x: mx.array) -> mx.array:
    """gate·sigmoid(gate)·x, of any shape."""
    return gate * (0.5 + 0.5 * tanh(0.5 * gate)) * x


def tanh(x: mx.array) -> mx.array:
    x = mx.clip(x, -EDGE, EDGE)
    square = x * x
    return x * polynomial(ABOVE, square) / polynomial(BELOW, square)


def polynomial(factors: tuple[float, ...], x: mx.array) -> mx.array:
    """By Horner's scheme; the factors from the highest power down."""
    found = x * factors[0] + factors[1]
    for factor in factors[2:]:
        found = found * x + factor
    return found


def quicken(model: Module) -> None:
    """Have the model's activations done the quick way; its weights and their names stay."""
    turn(model, QUICK)


@contextmanager
def published(model: Module) -> Iterator[None]:
    """The model with mlx-vlm's own activations for a while: what looksay is measured against."""
    changed = turn(model, {quick: slow for slow, quick in QUICK.items()})
    try:
        yield
    finally:
        if changed:
            quicken(model)


def turn(model: Module, into: dict[type[Module], type[Module]]) -> int:
    """Make modules of some classes modules of others; how many there were."""
    modules: Any = model.modules()  # type: ignore[no-untyped-call]  # MLX ships no types for it
    found = [each for each in modules if type(each) in into and getattr(each, "_approx", "") not in OTHER_GELU]
    for each in found:
        each.__class__ = into[type(each)]
    return len(found)
