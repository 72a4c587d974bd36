"""The stages one after the other, and what happens when the check itself fails."""

import re
from pathlib import Path

import pytest
from mlx_vlm import utils

from app.check.stages import judge
from app.models.registry import Bound, Card
from tests.fixtures.families import NAMES
from tests.fixtures.families.shelf import Shelf
from tests.fixtures.families.tensors import read, write
from tests.fixtures.spoilt.case import WEIGHTS

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "models/demo"


def test_the_demo_model_passes_every_stage_and_each_says_what_it_saw() -> None:
    findings = judge(DEMO, Card("demo"))
    assert [(each.name, each.status) for each in findings] == [
        (name, "ok") for name in ("files", "loader", "eyes", "fit", "processor")
    ]
    assert findings[3].sentence == "109 tensors, as smolvlm expects them"
    assert findings[4].sentence == "one frame becomes 16 image tokens, as the vision tower makes them"


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_has_the_tokens_of_its_family(shelf: Shelf, name: str) -> None:
    due = {"smolvlm-2.2b": 81, "fastvlm": 1, "nanollava": 1, "lfm2": 64, "qwen3": 64, "smolvlm": 64}
    told = judge(shelf.folder(name), Card(name))[-1].sentence
    count = next(count for start, count in due.items() if name.startswith(start))
    assert f"becomes {count} image token" in told


def test_a_stage_that_finds_something_bad_ends_the_check(tmp_path: Path) -> None:
    assert [each.code for each in judge(tmp_path, Card("x"))] == ["no-config"]


def test_an_old_loader_and_missing_eyes_are_told_at_once(shelf: Shelf, tmp_path: Path) -> None:
    tensors, metadata = read(shelf.folder("smolvlm-mlx") / WEIGHTS)
    (tmp_path / "config.json").write_text((shelf.folder("smolvlm-mlx") / "config.json").read_text())
    write(tmp_path / WEIGHTS, {name: each for name, each in tensors.items() if "vision" not in name}, metadata)
    card = Card("x", loader=(Bound(least="99.0", why="it is not born yet"),))
    findings = judge(tmp_path, card)
    assert [each.code for each in findings if each.status == "bad"] == ["loader-too-old", "no-eyes"]
    assert "fit" not in {each.name for each in findings}


def test_a_loader_that_is_built_otherwise_is_no_verdict_on_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(utils, "_load_safetensors")
    last = judge(DEMO, Card("demo"))[-1]
    assert (last.status, last.code) == ("unknown", "unknown")
    assert "_load_safetensors" in last.sentence
    assert last.hint


@pytest.mark.parametrize("path", ["nowhere", "../models/demo/config.json", "models/demo/README.md", ".", "\0"])
def test_any_path_ends_in_findings(path: str) -> None:
    findings = judge(ROOT / path, Card("x"))
    assert [each.status for each in findings] in (["bad"], ["unknown"])


def test_nothing_is_printed(shelf: Shelf, capfd: pytest.CaptureFixture[str]) -> None:
    judge(shelf.folder("qwen3-vl"), Card("x"))
    judge(ROOT / "tests", Card("x"))
    assert re.sub(r"\s", "", "".join(capfd.readouterr())) == ""
