"""The demo model's weights as float32. A file of 6 MB is read whole; no torch, no MLX."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]


def weights(folder: Path) -> Weights:
    """By name, from `model.safetensors` in bfloat16, which is the upper half of a float32."""
    content = (folder / "model.safetensors").read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    return {
        name: _array(content, start, told) for name, told in json.loads(content[8:start]).items() if "dtype" in told
    }


def read(path: Path) -> dict[str, Any]:
    """A JSON file."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _array(content: bytes, start: int, told: Mapping[str, Any]) -> NDArray[np.float32]:
    if told["dtype"] != "BF16":
        raise ValueError(f"weights in {told['dtype']}; the demo model has them in BF16")
    first, last = told["data_offsets"]
    halves = np.frombuffer(content[start + first : start + last], np.uint16)
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(told["shape"])
