"""Models of the families, made once for all tests here."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fixtures.families import make

_SHELF = TemporaryDirectory(prefix="looksay-families-")
SMALL_EDGE = 128
"""FastVLM's tower takes a minute of a CPU for its own 1024×1024, and a second for these; its tensors are the same."""


@cache
def folder(name: str) -> Path:
    """A folder of `tests.fixtures.families`, or `fastvlm-small`: FastVLM that looks through 4 tokens and not 256."""
    if name != "fastvlm-small":
        return make(name, Path(_SHELF.name) / name)
    made = make("fastvlm-mlx", Path(_SHELF.name) / name)
    config = json.loads((made / "config.json").read_text())
    config["vision_config"] = {"model_type": "llava_qwen2", "image_size": SMALL_EDGE}
    (made / "config.json").write_text(json.dumps(config))
    return made
