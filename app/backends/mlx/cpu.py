"""MLX on a CPU: the device, its thread's end, and activations that are quick there.

MLX takes tanh and exp one number at a time there, 13 to 26 ns each: in SigLIP-B/16's tower that is as long as all its
matrices. As a quotient of two polynomials, in one compiled pass, GELU is seven times as fast, and the same to 3e-6.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlx.core as mx
from mlx.nn.layers.activations import GELU
from mlx.nn.layers.base import Module
from mlx_vlm.models.mlp import SwiGLUMLP

OPENBLAS = (
    "Start with ./run.sh; if this stays: sudo apt-get install libopenblas0-pthread. "
    'More in KNOWN_ISSUES.md, "MLX is slow on Linux"'
)
FREED_BYTES = 512 * 2**20
"""How much memory MLX may keep for the next frame; without a limit it keeps every size that it has ever needed."""


def is_cpu() -> bool:
    """Whether MLX computes on the CPU: always so where there is no Metal (or CUDA)."""
    return bool(mx.default_device() == mx.Device(mx.cpu))


def warnings() -> tuple[str, ...]:
    """Lines for the banner; empty on Metal."""
    if not is_cpu():
        return ()
    slower = "Running on the CPU (no Apple GPU here); an Apple Silicon Mac is many times faster."
    if sys.platform != "linux" or "openblas" in os.environ.get("LD_PRELOAD", ""):
        return (slower,)
    return slower, f"OpenBLAS is not preloaded, and matrices take about 30 times as long without it. {OPENBLAS}"


def settle(model: Module) -> None:
    """Bring the weights into the type that the device is fast in, and evaluate them on this thread.

    On the CPU that is float32: MLX's half-precision and quantized kernels are 4 to 30 times slower there
    (KNOWN_ISSUES.md, "MLX is slow on Linux").
    """
    if is_cpu():
        model.set_dtype(mx.float32)
        quicken(model)
    mx.set_cache_limit(FREED_BYTES)
    mx.eval(model.parameters())  # type: ignore[no-untyped-call]  # MLX ships no types for it


@contextmanager
def wired() -> Iterator[None]:
    """Keep the weights in memory for a while, as mlx-vlm does while it generates; only Metal needs it."""
    if not mx.metal.is_available():
        yield
        return
    before = mx.set_wired_limit(int(mx.device_info()["max_recommended_working_set_size"]))
    try:
        yield
    finally:
        mx.synchronize()
        mx.set_wired_limit(before)


def release() -> None:
    """Give back this thread's streams: a thread that ends without doing so can take the process with it (134)."""
    mx.synchronize()  # a description that was left early may have a token on its way
    mx.clear_streams()


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
