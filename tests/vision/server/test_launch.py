"""llama-server for a while: a real child process that is ready late, or never, and is gone afterwards."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.errors import ModelError
from app.flow import Frame, Request
from app.vision.server.describer import ServerDescriber
from app.vision.server.launch import llama_server
from tests.vision.server import llama


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = llama.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", llama.path_with(folder))
    return folder


@pytest.mark.usefixtures("bin_folder")
def test_it_can_be_asked_once_it_says_that_it_is_ready(tmp_path: Path) -> None:
    with llama_server(*llama.pair(tmp_path)) as root:
        request = Request((Frame(np.zeros((9, 9, 3), np.uint8), 0.0, 0.0, 0),), "What do you see?")
        pieces = list(ServerDescriber(root, "any").describe(request))
    assert [(piece.text, piece.cost.image_tokens) for piece in pieces] == [("A red circle.", 64)]


def test_it_listens_on_the_loopback_alone_and_serves_no_page(tmp_path: Path, bin_folder: Path) -> None:
    with llama_server(*llama.pair(tmp_path)):
        given = json.loads((bin_folder / "argv.json").read_text())
    assert given[given.index("--host") + 1] == "127.0.0.1"
    assert "--no-webui" in given


def test_it_is_gone_when_the_block_ends_and_also_when_it_fails(tmp_path: Path, bin_folder: Path) -> None:
    def interrupted() -> None:
        with llama_server(*llama.pair(tmp_path)):
            assert llama.is_running(bin_folder)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not llama.is_running(bin_folder)


def test_its_own_reason_is_told_when_it_ends(tmp_path: Path, bin_folder: Path) -> None:
    with (
        pytest.raises(ModelError, match="status 3: error: failed to load model"),
        llama_server(*llama.pair(tmp_path, b"no model")),
    ):
        raise AssertionError("it was never ready")
    assert not llama.is_running(bin_folder)


@pytest.mark.usefixtures("bin_folder")
def test_one_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not ready within 0 s"), llama_server(*llama.pair(tmp_path), patience_s=0.0):
        raise AssertionError("it was never ready")


def test_where_it_is_not_installed_the_remedy_is_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError) as failure, llama_server(*llama.pair(tmp_path)):
        raise AssertionError("there is none")
    assert "llama.cpp" in failure.value.remedy


@pytest.mark.parametrize(
    "content", [b"no program at all", b"\x7fELF of another machine", b"#!/nowhere/sh\n"], ids=["text", "elf", "lost"]
)
def test_one_that_cannot_be_run_is_explained(tmp_path: Path, bin_folder: Path, content: bytes) -> None:
    (bin_folder / "llama-server").write_bytes(content)
    with (
        pytest.raises(ModelError, match=r"bin/llama-server cannot be run: (Exec format error|No such file)") as failure,
        llama_server(*llama.pair(tmp_path)),
    ):
        raise AssertionError("it was never ready")
    assert "llama.cpp" in failure.value.remedy
