"""Files that have not been touched are not read again, and one that has is noticed."""

import json
import os
import time
from pathlib import Path

import pytest

from app.errors import ModelError
from app.models import lockfile as room
from app.models.lockfile import GRAIN_NS, TEMPLATES, digests, folder_digests, sha256


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file last touched long enough ago: the clock is set forward, for a file's own mark cannot be set back."""
    file = tmp_path / "weights"
    file.write_bytes(b"weights")
    later = time.time_ns() + 2 * GRAIN_NS
    monkeypatch.setattr(room.time, "time_ns", lambda: later)
    return file


def test_a_file_that_was_not_touched_is_read_once(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = digests([old], tmp_path)
    assert first == {old: sha256(old)}
    monkeypatch.setattr(room, "sha256", lambda _file: "read again")
    assert digests([old], tmp_path) == first


def test_a_change_is_noticed_even_if_size_and_time_are_put_back(old: Path, tmp_path: Path) -> None:
    before, stat = digests([old], tmp_path), old.stat()
    old.write_bytes(b"WEIGHTS")
    os.utime(old, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (old.stat().st_size, old.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert digests([old], tmp_path) != before


def test_a_file_touched_just_now_is_not_remembered(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"weights")
    digests([file], tmp_path)
    assert not (tmp_path / ".cache").exists()


@pytest.mark.parametrize("spoilt", ["", "[]", '{"x": 1}', '{"x": []}'])
def test_a_spoilt_memory_only_means_reading(old: Path, tmp_path: Path, spoilt: str) -> None:
    kept = tmp_path / ".cache" / "digests.json"
    kept.parent.mkdir()
    kept.write_text(spoilt)
    assert digests([old], tmp_path) == {old: sha256(old)}
    assert str(old) in json.loads(kept.read_text())


READ = ("model.safetensors", "config.json", "merges.txt", "chat_template.jinja", "tokenizer.model", "a b.tiktoken")


def test_of_a_folder_only_what_a_loader_reads_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*READ, "big.iso", "model.gguf", ".DS_Store", "._config.json", "README.md"):
        (tmp_path / name).write_text(name)
    for folder in (TEMPLATES, "weights.json"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tool.jinja").write_text(folder)
    was_read: list[str] = []
    monkeypatch.setattr(room, "sha256", lambda file: was_read.append(file.name) or file.name)
    found = folder_digests(tmp_path, tmp_path)
    assert set(found) == {*READ, f"{TEMPLATES}/tool.jinja"}
    assert sorted(was_read) == sorted((*READ, "tool.jinja"))


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "my model"
    folder.mkdir()
    weights = folder / "model.safetensors"
    weights.symlink_to("nowhere")
    with pytest.raises(ModelError, match=r"model\.safetensors is a link to nowhere") as failure:
        folder_digests(folder, tmp_path)
    assert str(weights) in failure.value.message
    with pytest.raises(ModelError, match=r"no such file: .*nothing"):
        folder_digests(tmp_path / "nothing", tmp_path)


