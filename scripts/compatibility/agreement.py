"""Do two versions think the same of a frame? Seeing all of it is not yet seeing it rightly.

A model with random weights says nothing that could be right or wrong, but with the same weights and the same picture
every version has to come to the same numbers.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scripts.compatibility.matrix import MEANS_SIGHT, verdict

TOLERANCE = 0.02
"""In log-probability. float32 rounds at 1e-5; other kernels for 4-bit weights differ by 1e-3."""


def compared(answer: str, numbers: Path, newest: Path) -> str:
    """The answer of one version, or what is wrong with it when its numbers are held to the newest version's."""
    if verdict(answer) not in MEANS_SIGHT or numbers == newest or not newest.exists():
        return answer
    own, true = _read(numbers), _read(newest)
    if (off := _off(own, true, "one")) > TOLERANCE:
        return f"answers otherwise: the first word's log-probabilities are off by up to {off:.1g}"
    if "two" in true and (off := _off(own, true, "two")) > TOLERANCE:
        kept = "" if answer == "works" else f"; {answer}"
        return f"one-frame-only: with two, log-probabilities are off by up to {off:.1g}{kept}"
    return answer


def _off(own: Mapping[str, Any], true: Mapping[str, Any], name: str) -> float:
    return float(np.abs(own[name] - true[name]).max()) if name in own else float("inf")


def _read(path: Path) -> Mapping[str, Any]:
    with np.load(path) as found:
        return dict(found)
