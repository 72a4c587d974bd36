"""The border to mlx-vlm: no weights are read, nothing is asked of the hub, and all is as before afterwards."""

import logging
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from huggingface_hub import constants
from mlx.nn import Module
from mlx_vlm import utils

from app.check import fit
from tests.fixtures.families.shelf import Shelf

SPARE = 20_000_000
"""Bytes: the tower alone of FastVLM has 250 MB."""


def test_no_weights_are_read_or_allocated(shelf: Shelf) -> None:
    folder = shelf.folder("fastvlm-apple")
    assert (folder / "model.safetensors").stat().st_size > 10 * SPARE
    mx.clear_cache()
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    plan = fit.run_loader(folder)
    assert len(plan.found) > 500
    assert mx.get_peak_memory() - before < SPARE
    assert mx.get_active_memory() - before < 1_000_000


def test_weights_that_cannot_be_read_at_all_are_no_obstacle(shelf: Shelf, tmp_path: Path) -> None:
    """Only the header's bytes are there; the rest is a hole."""
    folder = shutil.copytree(shelf.folder("smolvlm-hub"), tmp_path / "model")
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: 8 + int.from_bytes(whole[:8], "little")])
    os.truncate(path, len(whole))
    assert fit.run_loader(folder) == fit.run_loader(shelf.folder("smolvlm-hub"))


def test_what_was_taken_hold_of_is_let_go_also_after_a_failure(shelf: Shelf, tmp_path: Path) -> None:
    held = (utils._load_safetensors, Module.load_weights, constants.HF_HUB_OFFLINE, logging.root.manager.disable)
    fit.run_loader(shelf.folder("smolvlm-mlx"))
    with pytest.raises(FileNotFoundError):
        fit.run_loader(tmp_path)
    now = (utils._load_safetensors, Module.load_weights, constants.HF_HUB_OFFLINE, logging.root.manager.disable)
    assert now == held


@pytest.mark.parametrize("name", ["smolvlm-hub", "lfm2-vl", "qwen3-vl"])
def test_nothing_is_asked_of_the_hub(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Though the environment would allow it, and something is missing that the libraries would look for there."""
    asked: list[Any] = []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *words, **_: asked.append(words) or [])
    monkeypatch.setattr(socket.socket, "connect", lambda _, place: asked.append(place))
    folder = shutil.copytree(shelf.folder(name), tmp_path / "model")
    for file in ("tokenizer_config.json", "preprocessor_config.json", "processor_config.json"):
        (folder / file).unlink(missing_ok=True)
    try:
        fit.run_loader(folder)
        fit.processor(folder)
    except (OSError, ValueError):
        pass  # what it comes to is not the question here
    assert asked == []


def test_only_what_mlx_vlm_puts_pictures_into_takes_pictures() -> None:
    assert fit.takes_pictures("llava_qwen2")
    assert not fit.takes_pictures("llama")
    assert fit.needs_template("smolvlm")
    assert not fit.needs_template("moondream2")
