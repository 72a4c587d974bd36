"""`check`: a model that fits and sees, and three that cannot be used, by exit code and code of each finding."""

import json
import os
from pathlib import Path

from tests import needs
from tests.golden.inputs import copy_demo, make_gguf_pair, zero_tensors
from tests.running import Ended, run


def failures(ended: Ended) -> list[str]:
    """The codes of what is wrong."""
    return [each["code"] for each in json.loads(ended.out)["findings"] if each["status"] == "bad"]


def is_ready(ended: Ended) -> bool:
    return bool(json.loads(ended.out)["is_ready"])


def test_the_demo_model_fits_and_sees() -> None:
    ended = run("check", "demo", "--json")
    assert (ended.code, is_ready(ended)) == (0, True)
    assert [each["name"] for each in json.loads(ended.out)["findings"] if each["status"] == "ok"][-1] == "sight"


def test_a_model_whose_vision_tower_is_zero_is_blind(tmp_path: Path) -> None:
    weights = copy_demo(tmp_path / "zero")
    zero_tensors(weights, "vision_model")
    ended = run("check", str(weights.parent), "--json")
    assert (ended.code, is_ready(ended), failures(ended)) == (1, False, ["blind"])


def test_a_truncated_model_is_told_in_brackets(tmp_path: Path) -> None:
    weights = copy_demo(tmp_path / "half")
    os.truncate(weights, weights.stat().st_size // 2)
    ended = run("check", str(weights.parent))
    assert (ended.code, ended.err.count("error: "), ended.err.count("[truncated]\nhint: ")) == (1, 1, 1)


@needs.module("gguf")
def test_a_gguf_pair_fits_and_without_its_projector_it_does_not(tmp_path: Path) -> None:
    text, projector = make_gguf_pair(tmp_path)
    ended = run("check", str(text), "--json")
    assert (ended.code, is_ready(ended), failures(ended)) == (0, True, [])
    projector.unlink()
    ended = run("check", str(text), "--json")
    assert (ended.code, is_ready(ended), failures(ended)) == (1, False, ["no-mmproj"])
