"""Which device MLX computes on, and what to say where it is less than it could be."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import mlx.core as mx
from mlx.nn.layers.base import Module

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
        from app.backends.mlx.cpu import quicken  # late: nothing of it is needed elsewhere

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
