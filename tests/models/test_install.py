"""From nothing to an installed model, and everything that may get in between."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.files import ROOT
from app.models import lockfile
from app.models.convert import tensor_names
from app.models.install import main
from app.models.registry import locate
from tests import needs
from tests.fixtures.loopback_hub import REVISION, LoopbackHub
from tests.running import SLOW_S
from tests.waiting import LIMIT_S, until

WEIGHTS = "model.safetensors"
CUT = 300_000


def fetch(name: str, root: Path, quantize: bool = False, patience_s: float = LIMIT_S) -> int:
    return main([name], root, patience_s, quantize)


def assert_two_lines(said: str) -> None:
    error, hint = said.strip().splitlines()[-2:]
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")


@pytest.mark.usefixtures("hub")
def test_a_model_is_fetched_converted_and_locked(root: Path) -> None:
    assert fetch("small", root, quantize=True) == 0
    folder = locate("small", root)
    assert lockfile.verify(folder, root) == "pinned"
    assert any(name.endswith(".scales") for name in tensor_names(folder))
    made = lockfile.entries(root)["small"].made
    assert (made["bits"], set(made)) == (4, {"bits", "group_size", "mlx", "mlx-vlm"})


@pytest.mark.usefixtures("hub")
def test_without_metal_the_published_weights_are_installed(root: Path, published: Path) -> None:
    assert fetch("small", root) == 0
    assert (locate("small", root) / WEIGHTS).read_bytes() == (published / WEIGHTS).read_bytes()
    assert lockfile.entries(root)["small"].made == {"bits": 0}


def test_a_second_run_verifies_and_asks_the_hub_nothing(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    fetch("small", root)
    hub.asked.clear()
    assert fetch("small", root) == 0
    assert hub.asked == []
    assert "already installed" in capsys.readouterr().err


def test_a_file_changed_after_installing_is_found_and_the_model_installed_anew(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    fetch("small", root)
    (root / ".models" / "small" / "config.json").write_text("{}")
    assert fetch("small", root) == 0
    assert "config.json has changed" in capsys.readouterr().err
    assert lockfile.verify(locate("small", root), root) == "pinned"
    assert len(hub.ranges(WEIGHTS)) == 2


@pytest.mark.usefixtures("hub")
def test_a_newer_pin_in_the_registry_is_installed_over_the_old_one(root: Path) -> None:
    fetch("small", root)
    entry = lockfile.entries(root)["small"]
    older = lockfile.Entry(entry.repository, "f" * 40, entry.trust, entry.made, entry.files)
    lockfile.write("small", older, root)
    assert fetch("small", root) == 0
    assert lockfile.entries(root)["small"].revision == REVISION


@pytest.mark.usefixtures("hub")
def test_a_model_without_a_pin_is_recorded_at_install_with_its_commit(root: Path) -> None:
    assert fetch("newest", root) == 0
    assert lockfile.verify(locate("newest", root), root) == "recorded at install"
    assert lockfile.entries(root)["newest"].revision == REVISION
    assert fetch("newest", root) == 0


def test_weights_other_than_the_pinned_ones_are_refused_before_they_are_fetched(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    registry = root / "models" / "registry.toml"
    registry.write_text(registry.read_text().replace('"model.safetensors" = "', '"model.safetensors" = "0'))
    assert fetch("small", root) == 1
    assert "not the one that models/registry.toml pins" in capsys.readouterr().err
    assert hub.ranges(WEIGHTS) == []
    assert not list((root / ".hf_cache").rglob("*.listing"))


def test_a_repository_without_weights_is_explained(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    hub.folder = tmp_path / "empty"
    hub.folder.mkdir()
    assert fetch("newest", root) == 1
    assert "has no safetensors weights" in capsys.readouterr().err


def test_weights_that_arrive_spoilt_are_removed_and_nothing_is_installed(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    hub.spoil.add(WEIGHTS)
    assert fetch("small", root) == 1
    assert_two_lines(capsys.readouterr().err)
    assert not (root / ".models").exists()
    assert not list((root / ".hf_cache").rglob(f"{WEIGHTS}*"))
    hub.spoil.clear()
    assert fetch("small", root) == 0


def test_a_hub_that_never_answers_is_explained_in_two_lines(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    hub.is_silent = True
    assert fetch("small", root, patience_s=0.5) == 3
    said = capsys.readouterr().err
    assert_two_lines(said)
    assert len(said.strip().splitlines()) == 2


def test_a_revision_that_is_gone_is_a_failure_and_not_a_network_fault(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    hub.status, hub.error_code = 404, "RevisionNotFound"
    assert fetch("small", root) == 1
    assert "has no revision" in capsys.readouterr().err


def test_what_is_all_downloaded_is_installed_without_the_hub(
    hub: LoopbackHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.models.convert.make", interrupt)
    assert fetch("small", root) == 130
    monkeypatch.undo()
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("HF_HOME", str(root / ".hf_cache"))
    hub.asked.clear()
    assert fetch("small", root) == 0
    assert hub.asked == []


@needs.file("/dev/full")
@pytest.mark.usefixtures("hub")
def test_a_full_disk_is_explained(root: Path, capsys: pytest.CaptureFixture) -> None:
    folder = root / ".hf_cache" / "looksay" / "small" / REVISION
    folder.mkdir(parents=True)
    (folder / f"{WEIGHTS}.part").symlink_to("/dev/full")
    assert fetch("small", root) == 1
    said = capsys.readouterr().err
    assert "the disk is full" in said
    assert_two_lines(said)


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    assert fetch("small", root) == 1
    assert "are needed on the disk" in capsys.readouterr().err
    assert hub.ranges(WEIGHTS) == []


def test_two_installations_at_once_do_not_write_into_one_another(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    hub.cut_after[WEIGHTS] = CUT
    hub.hold.clear()
    first = started("small", root)
    until(lambda: bool(hub.ranges(WEIGHTS)))
    assert fetch("small", root) == 1
    assert "being installed already" in capsys.readouterr().err
    hub.hold.set()
    assert first.wait(SLOW_S) == 0


def test_ctrl_c_leaves_what_the_next_run_goes_on_from(hub: LoopbackHub, root: Path) -> None:
    hub.cut_after[WEIGHTS] = CUT
    hub.hold.clear()
    installer = started("small", root)
    part = root / ".hf_cache" / "looksay" / "small" / REVISION / f"{WEIGHTS}.part"
    until(lambda: part.exists() and part.stat().st_size == CUT)
    installer.send_signal(signal.SIGINT)
    stdout, stderr = installer.communicate(timeout=SLOW_S)
    assert (installer.returncode, stdout) == (130, "")
    assert "Traceback" not in stderr
    hub.hold.set()
    assert fetch("small", root) == 0
    assert hub.ranges(WEIGHTS)[-1] == f"bytes={CUT}-"


@pytest.mark.usefixtures("hub")
def test_nothing_is_written_to_stdout(root: Path, capfd: pytest.CaptureFixture) -> None:
    assert fetch("small", root, quantize=True) == 0
    said = capfd.readouterr()
    assert said.out == ""
    assert "small is installed" in said.err


def test_registry_and_lock_import_nothing_heavy() -> None:
    probe = "import sys, app.models, json; print(json.dumps(list(sys.modules)))"
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", probe], cwd=ROOT))
    assert not {"mlx", "mlx_vlm", "numpy", "huggingface_hub", "transformers", "rich", "httpx2"} & set(loaded)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def started(name: str, root: Path) -> "subprocess.Popen[str]":
    """The installer as a process of its own, with this project folder."""
    call = "import sys, pathlib; from app.models.install import main"
    call += f"; sys.exit(main([{name!r}], pathlib.Path({str(root)!r}), quantize=False))"
    env = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    return subprocess.Popen(
        [sys.executable, "-c", call], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
