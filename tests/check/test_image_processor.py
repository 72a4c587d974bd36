"""Tokenizer, image processor and template of good models with one number or file changed."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.check.findings import Finding
from app.check.stages import judge
from app.models.registry import Card
from tests.fixtures.blinded import DEMO
from tests.fixtures.families.shelf import Shelf


def changed(shelf: Shelf, tmp_path: Path, name: str, file: str, **keys: Any) -> list[Finding]:
    """What the check says of a good model in which `file` has other `keys`."""
    folder = shutil.copytree(shelf.folder(name), tmp_path / "model", copy_function=os.link)
    content = json.loads((folder / file).read_text())
    (folder / file).unlink()
    (folder / file).write_text(json.dumps({**content, **keys}))
    return [each for each in judge(folder, Card(name)) if each.status != "ok"]


@pytest.mark.parametrize(
    ("name", "file", "keys"),
    [
        ("smolvlm-hub", "processor_config.json", {"image_seq_len": 10**12}),
        ("smolvlm-hub", "preprocessor_config.json", {"max_image_size": {"longest_edge": 10**9}}),
        ("lfm2-vl", "preprocessor_config.json", {"downsample_factor": 10**6}),
        ("qwen3-vl", "preprocessor_config.json", {"patch_size": 10**6}),
    ],
)
def test_an_absurd_size_is_told_and_not_tried(
    shelf: Shelf, tmp_path: Path, name: str, file: str, keys: dict[str, Any]
) -> None:
    """Trying it would take the machine's memory."""
    assert [each.code for each in changed(shelf, tmp_path, name, file, **keys)] == ["image-token-count"]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("smolvlm-hub", {"max_image_size": {}}),
        ("smolvlm-hub", {"max_image_size": 512}),
        ("smolvlm-hub", {"rescale_factor": "x"}),
        ("qwen3-vl", {"image_mean": 3}),
        ("fastvlm-mlx", {"image_std": []}),
    ],
)
def test_an_image_processor_that_fails_on_a_frame_is_told(
    shelf: Shelf, tmp_path: Path, name: str, keys: dict[str, Any]
) -> None:
    found = changed(shelf, tmp_path, name, "preprocessor_config.json", **keys)
    assert [each.code for each in found] == ["no-image-processor"]


def test_a_template_that_makes_two_places_for_one_picture_is_told(shelf: Shelf, tmp_path: Path) -> None:
    folder = shutil.copytree(shelf.folder("smolvlm-hub"), tmp_path / "model")
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace("<image>", "<image><image>"))
    found = [each for each in judge(folder, Card("x")) if each.status != "ok"]
    assert [each.code for each in found] == ["template-without-image"]
    assert "2 places" in found[0].sentence


def test_all_that_disagrees_with_another_familys_tokenizer_is_told(shelf: Shelf, tmp_path: Path) -> None:
    folder = shutil.copytree(shelf.folder("qwen3-vl"), tmp_path / "model")
    shutil.copy(shelf.folder("smolvlm-hub") / "tokenizer.json", folder)
    codes = {each.code for each in judge(folder, Card("x")) if each.status == "bad"}
    assert codes == {"vocabulary", "image-token"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("preprocessor_config.json", None, "preprocessor_config.json is missing"),
        ("preprocessor_config.json", "{", "preprocessor_config.json is no JSON"),
        ("chat_template.json", "<html>", "chat_template.json is no JSON"),
        ("tokenizer_config.json", "", "tokenizer_config.json is no JSON"),
    ],
)
def test_the_file_that_keeps_a_processor_from_being_made_is_named(
    tmp_path: Path, name: str, content: str | None, says: str
) -> None:
    folder = tmp_path / "spoilt"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("training"))
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content)
    found = [each for each in judge(folder, Card("demo")) if each.status == "bad"]
    assert says in found[0].sentence
