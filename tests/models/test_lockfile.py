"""What has changed since it was installed is told, and by name."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.errors import ModelError
from app.files import ROOT
from app.models import lockfile as room
from app.models.lockfile import (
    GRAIN_NS,
    TEMPLATES,
    Entry,
    digests,
    entries,
    folder_digests,
    marks,
    sha256,
    verify,
    write,
)
from tests.privileges import ordinary_user
from tests.waiting import LIMIT_S


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installed model."""
    folder = tmp_path / ".models" / "small"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes(1000))
    write("small", entry(folder), tmp_path)
    return folder


def entry(folder: Path) -> Entry:
    return Entry("someone/small", "0123abcd", "pinned", {"bits": 4, "mlx": "0.32.4"}, marks(folder))


def test_what_is_written_is_what_is_read(folder: Path, tmp_path: Path) -> None:
    assert entries(tmp_path) == {"small": entry(folder)}


def test_a_folder_elsewhere_is_not_locked(tmp_path: Path) -> None:
    assert verify(tmp_path, tmp_path) == "not locked"


@pytest.fixture
def tampered(folder: Path) -> Path:
    (folder / "model.safetensors").write_bytes(bytes(999) + b"\1")
    return folder


def test_a_model_that_was_moved_elsewhere_and_linked_back_is_still_compared(tampered: Path, tmp_path: Path) -> None:
    (tmp_path / "big disk").mkdir()
    tampered.rename(tmp_path / "big disk" / "other")
    tampered.symlink_to(tmp_path / "big disk" / "other")
    with pytest.raises(ModelError, match=r"small/model\.safetensors has changed") as failure:
        verify(tampered, tmp_path)
    assert "./install.sh --model small fetches" in failure.value.hint


def test_a_link_from_elsewhere_into_the_models_is_compared_under_the_models_name(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert verify(link, tmp_path) == "pinned"
    (folder / "config.json").write_text("[]")
    with pytest.raises(ModelError, match=r"small/config\.json has changed") as failure:
        verify(link, tmp_path)
    assert "./install.sh --model small fetches" in failure.value.hint


def test_one_changed_byte_is_found_and_its_file_named(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").write_bytes(bytes(999) + b"\1")
    with pytest.raises(ModelError, match=r"small/model\.safetensors has changed") as failure:
        verify(folder, tmp_path)
    assert "./install.sh --model small" in failure.value.hint


def test_a_missing_file_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        verify(folder, tmp_path)


def test_an_added_file_is_named_also_in_a_folder_below(folder: Path, tmp_path: Path) -> None:
    (folder / "code").mkdir()
    (folder / "code" / "model.py").write_text("import os")
    with pytest.raises(ModelError, match=r"code/model\.py does not belong there"):
        verify(folder, tmp_path)


def test_a_file_that_cannot_be_read_is_explained(folder: Path, tmp_path: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("nowhere")
    with pytest.raises(ModelError, match=r"config\.json is a link to nowhere") as failure:
        verify(folder, tmp_path)
    assert failure.value.hint


@pytest.mark.parametrize("name", ["", "config.json"])
def test_what_is_not_ours_to_read_is_explained(name: str, folder: Path, tmp_path: Path) -> None:
    (folder / name).chmod(0)
    try:
        with ordinary_user(), pytest.raises(ModelError, match="cannot be read: permission denied"):
            verify(folder, tmp_path, afresh=True)
    finally:
        (folder / name).chmod(0o700)


def test_the_command_that_removes_a_file_can_be_typed_also_where_there_is_a_space(folder: Path, tmp_path: Path) -> None:
    (folder / "my notes.txt").write_text("x")
    with pytest.raises(ModelError) as failure:
        verify(folder, tmp_path)
    assert failure.value.hint.startswith(f"rm '{folder / 'my notes.txt'}', or ./install.sh --model small")


def test_what_the_mac_puts_into_every_folder_does_no_harm(folder: Path, tmp_path: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"Bud1")
    (folder / "._config.json").write_bytes(b"\0\5\x16\7")
    assert verify(folder, tmp_path) == "pinned"


def test_losing_the_lock_file_does_not_turn_verifying_off(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".models" / "lock.json").unlink()
    with pytest.raises(ModelError, match="was not recorded at install"):
        verify(folder, tmp_path)


SPOILT = ("", "[" * 100_000, "{", "[]", '{"small": 3}', '{"small": {"files": {}}}', '{"small": {"files": []}}')


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_spoilt_lock_file_is_explained(spoilt: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".models" / "lock.json").write_text(spoilt)
    with pytest.raises(ModelError, match=r"lock\.json cannot be read") as failure:
        verify(folder, tmp_path)
    assert "./install.sh" in failure.value.hint


def test_a_spoilt_lock_file_is_begun_anew_by_the_next_installation(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".models" / "lock.json").write_text("{")
    write("small", entry(folder), tmp_path)
    assert verify(folder, tmp_path) == "pinned"


def test_a_second_model_leaves_the_first_locked(folder: Path, tmp_path: Path) -> None:
    write("other", entry(folder), tmp_path)
    assert set(entries(tmp_path)) == {"small", "other"}


def test_installations_at_once_lose_no_entry(tmp_path: Path) -> None:
    each = "from app.models.lockfile import *; [write(f'{sys.argv[1]}{n}', Entry('', '', 'pinned', {}, {}), root)"
    script = f"import sys; from pathlib import Path; root = Path(sys.argv[2]); {each} for n in range(20)]"
    running = [subprocess.Popen([sys.executable, "-c", script, name, str(tmp_path)], cwd=ROOT) for name in "abc"]
    assert [one.wait(LIMIT_S) for one in running] == [0, 0, 0]
    assert set(entries(tmp_path)) == {f"{name}{n}" for name in "abc" for n in range(20)}


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
