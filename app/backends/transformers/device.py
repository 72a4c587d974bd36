"""What torch computes on here, and in which numbers: tried, and not believed. It loads no model."""

import os
from dataclasses import dataclass
from typing import Any

import torch

from app.config import BITS, Precision
from app.errors import UsageError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
NAMES = {"mps": "Metal", "cuda": "CUDA", "cpu": "the CPU"}
SLOW = "Running on the CPU (torch finds no GPU here); a GPU is many times faster."
ROUGH = "bfloat16 does not work with torch on {place} here, so it computes in float32, in twice the memory."


@dataclass(frozen=True, slots=True)
class Device:
    """Where and how exactly."""

    name: str
    """As torch says it: `mps`, `cuda` or `cpu`."""
    precision: Precision
    warnings: tuple[str, ...] = ()
    """Lines for the banner."""

    @property
    def dtype(self) -> Any:
        return DTYPES[self.precision]

    @property
    def words(self) -> str:
        """`transformers on Metal in bfloat16`."""
        return f"transformers on {NAMES[self.name]} in {self.precision}"

    def settle(self) -> None:
        """On the CPU, leave a core to the camera: torch's threads wait for one another in a loop.

        With two of them on two busy cores the demo model took 0.39 s a caption, with one 0.04 (2026-11-21).
        """
        if self.name == "cpu":
            torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))

    def free(self) -> None:
        """Give back what torch keeps for the next model."""
        if self.name != "cpu":
            getattr(torch, self.name).empty_cache()


def device(wished: Precision | None = None) -> Device:
    """The best device that there is, with the wished numbers, or the ones that suit it.

    Raises:
        UsageError: it does not compute in the wished ones.
    """
    name = best()
    slow = (SLOW,) if name == "cpu" else ()
    if wished is not None:
        if wished in BITS or not computes(name, wished):
            raise UsageError(
                f"transformers does not compute in {wished} on {NAMES[name]}",
                "leave --precision out, or take float32; --backend mlx has models in 8 and 4 bits",
            )
        return Device(name, wished, slow)
    if name == "cpu":
        return Device(name, "float32", slow)
    if computes(name, "bfloat16"):
        return Device(name, "bfloat16")
    return Device(name, "float32", (ROUGH.format(place=NAMES[name]),))


def best() -> str:
    """Metal before CUDA, for no machine has both."""
    if torch.backends.mps.is_available():
        return "mps"
    return "cuda" if torch.cuda.is_available() else "cpu"


def computes(name: str, precision: Precision) -> bool:
    """Whether what a transformer consists of can be computed: a product, a softmax and a norm."""
    try:
        one = torch.ones((8, 8), dtype=DTYPES[precision], device=name)
        found = torch.nn.functional.layer_norm(torch.softmax(one @ one, dim=-1), (8,))
        return bool(torch.isfinite(found).all().item())
    except (RuntimeError, TypeError, AssertionError):  # torch asserts what it was built with
        return False
