"""Which files count, and what lies in the place of those that are missing."""

import json
import os
from pathlib import Path

import pytest

from app.check.checkpoint import INDEX, read, weight_files
from app.models.corrupt_file import CorruptFile
from tests.fixtures.families.tensors import Raw, write

PLAIN = {"model_type": "smolvlm"}


def folder(root: Path, *names: str, index: tuple[str, ...] = (), config: object = PLAIN) -> Path:
    """A folder with a config, one tensor in each of the weight files `names`, and an index of the files `index`."""
    (root / "config.json").write_text(json.dumps(config))
    for name in names:
        write(root / name, {name: Raw("F32", (2,), bytes(8))}, {})
    if index:
        (root / INDEX).write_text(json.dumps({"weight_map": {name: name for name in index}}))
    return root


def why_not(root: Path) -> CorruptFile:
    with pytest.raises(CorruptFile) as caught:
        weight_files(root)
    assert caught.value.hint
    return caught.value


def test_a_whole_folder_becomes_a_checkpoint(tmp_path: Path) -> None:
    checkpoint, found = read(folder(tmp_path, "a.safetensors", "b.safetensors"))
    assert (checkpoint.architecture, sorted(checkpoint.tensors)) == ("smolvlm", ["a.safetensors", "b.safetensors"])
    assert [(each.status, each.sentence) for each in found] == [("ok", "2 weight files are whole: 2 tensors")]


def test_only_the_files_of_the_index_count(tmp_path: Path) -> None:
    root = folder(tmp_path, "a.safetensors", "b.safetensors", index=("a.safetensors",))
    assert [path.name for path in weight_files(root)] == ["a.safetensors"]


def test_an_index_of_files_from_before_a_conversion_is_passed_over_as_mlx_vlm_does(tmp_path: Path) -> None:
    root = folder(tmp_path, "model.safetensors", index=("model-1.safetensors", "model-2.safetensors"))
    assert [path.name for path in weight_files(root)] == ["model.safetensors"]


def test_a_second_copy_of_the_weights_a_shadow_and_a_link_to_nothing_do_not_count(tmp_path: Path) -> None:
    root = folder(tmp_path, "a.safetensors", "consolidated.safetensors", "._a.safetensors")
    os.symlink("nowhere", root / "b.safetensors")
    assert [path.name for path in weight_files(root)] == ["a.safetensors"]


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    spoilt = why_not(folder(tmp_path, "a.safetensors", index=("a.safetensors", "b.safetensors", "c.safetensors")))
    assert (spoilt.code, "b.safetensors and 1 more" in spoilt.sentence) == ("shard-missing", True)


@pytest.mark.parametrize("piece", ["b.safetensors.incomplete", "b.part", ".cache/huggingface/download/xyz.incomplete"])
def test_a_download_that_was_not_finished_is_told_by_its_pieces(tmp_path: Path, piece: str) -> None:
    (tmp_path / piece).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / piece).write_bytes(b"")
    spoilt = why_not(folder(tmp_path, "a.safetensors", index=("a.safetensors", "b.safetensors")))
    assert spoilt.code == "unfinished-download"
    assert piece in spoilt.sentence


def test_a_piece_of_a_download_beside_whole_weights_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "b.part").write_bytes(b"")
    _, found = read(folder(tmp_path, "a.safetensors"))
    assert [(each.status, each.code) for each in found] == [("ok", ""), ("note", "unfinished-download")]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("adapter_model.safetensors", "adapter"),
        ("adapters.safetensors", "adapter"),
        ("model-Q4_K_M.gguf", "llama.cpp"),
        ("fastvithd.mlpackage", "CoreML"),
        ("pytorch_model.bin", "PyTorch"),
        ("README.md", "no weights"),
    ],
)
def test_what_lies_there_instead_of_weights_is_named(tmp_path: Path, name: str, says: str) -> None:
    root = folder(tmp_path)
    write(root / name, {"lora_A": Raw("F32", (2,), bytes(8))}, {})
    spoilt = why_not(root)
    assert (spoilt.code, says in spoilt.sentence) == ("no-weights", True)


def test_every_spoilt_file_is_told_and_not_only_the_first(tmp_path: Path) -> None:
    root = folder(tmp_path, "a.safetensors", "b.safetensors", "c.safetensors")
    (root / "a.safetensors").write_bytes(b"")
    (root / "c.safetensors").write_bytes(b"<html>")
    checkpoint, found = read(root)
    assert [each.code for each in found] == ["empty", "html-page"]
    assert not checkpoint.tensors


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"', "[" * 100_000, "\0"])
def test_a_config_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    _, found = read(tmp_path)
    assert [each.code for each in found] == ["config-unreadable"]


@pytest.mark.parametrize("path", [".", "nowhere", "config.json/below"])
def test_a_place_without_a_config_is_told(tmp_path: Path, path: str) -> None:
    _, found = read(tmp_path / path)
    assert [each.code for each in found] == ["no-config"]
