"""Where uv, Python and the packages come from, and what is said when they do not come."""

from pathlib import Path

import pytest

from tests.shell.stage import BREW, PYTHON, UV, Stage


def assert_explained(stage: Stage, *words: str) -> None:
    outcome = stage.install("--no-model")
    assert outcome.code == 1
    error, hint = outcome.err.splitlines()[-2:]
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    for word in words:
        assert word in error + hint
    assert "done" not in outcome.out


def assert_recovers(stage: Stage) -> None:
    assert stage.install("--no-model").code == 0


def test_uv_on_path_is_used_and_nothing_else_is_asked(stage: Stage) -> None:
    stage.stand_in("brew", BREW)
    stage.stand_in("python3", PYTHON.format())
    assert stage.install("--no-model").code == 0
    assert stage.has_called("uv pip sync")
    assert not stage.has_called("brew")
    assert not stage.has_called("python3")


def test_nothing_is_ever_piped_from_the_network_into_a_shell(stage: Stage) -> None:
    stage.without("uv")
    stage.stand_in("python3", PYTHON.format())
    assert stage.install().code == 0
    assert not stage.has_called("curl")


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "arm64"), ("Linux", "x86_64"), ("Linux", "aarch64")])
def test_packages_come_from_the_lock_with_hashes_and_are_not_built(stage: Stage, system: str, machine: str) -> None:
    stage.machine(system, machine)
    assert stage.install("--no-model").code == 0
    (sync,) = [call for call in stage.calls() if call.startswith("uv pip sync")]
    assert "--require-hashes" in sync
    assert "--no-build" in sync
    assert "requirements.lock" in sync
    assert "requirements-dev.lock" not in sync


def test_a_shim_that_answers_127_is_not_taken_for_uv(stage: Stage) -> None:
    stage.stand_in("uv", "exit 127")
    stage.stand_in("python3", PYTHON.format())
    assert stage.install("--no-model").code == 0
    assert (stage.home / ".uv/pip/bin/uv").exists()


def test_a_uv_that_is_too_old_is_passed_over(stage: Stage) -> None:
    stage.stand_in("uv", UV.format(version="0.4.30"))
    stage.stand_in("python3", PYTHON.format())
    assert stage.install("--no-model").code == 0
    assert "0.13.8" in stage.install("--reference", "--no-model").out


def test_a_mac_without_uv_gets_it_from_homebrew(stage: Stage) -> None:
    stage.without("uv")
    stage.stand_in("brew", BREW)
    assert stage.install("--no-model").code == 0
    assert stage.has_called("brew install --quiet uv")


def test_a_uv_that_homebrew_has_already_is_used_and_not_counted_as_ours(stage: Stage) -> None:
    stage.without("uv")
    stage.stand_in("brew", BREW)
    (stage.base / "homebrew/bin").mkdir(parents=True)
    (stage.base / "uv").rename(stage.base / "homebrew/bin/uv")
    assert stage.install("--no-model").code == 0
    assert not stage.has_called("brew install")
    assert "nothing was left outside" in stage.install("clean").out


def test_a_mac_without_homebrew_gets_uv_from_pip_inside_the_project(stage: Stage) -> None:
    stage.without("uv")
    stage.stand_in("python3", PYTHON.format())
    assert stage.install("--no-model").code == 0
    assert (stage.home / ".uv/pip/bin/uv").exists()
    assert any("--require-hashes" in call for call in stage.calls() if "pip install" in call)


def test_when_homebrew_fails_pip_is_asked(stage: Stage) -> None:
    stage.without("uv")
    stage.stand_in("brew", 'case "$1" in --prefix) echo "$STAGE/homebrew" ;; *) exit 1 ;; esac')
    stage.stand_in("python3", PYTHON.format())
    assert stage.install("--no-model").code == 0
    assert (stage.home / ".uv/pip/bin/uv").exists()


def test_linux_never_asks_homebrew(stage: Stage) -> None:
    stage.machine("Linux", "x86_64")
    stage.without("uv")
    stage.stand_in("brew", BREW)
    stage.stand_in("python3", PYTHON.format())
    assert stage.install("--no-model").code == 0
    assert not stage.has_called("brew")


def test_a_mac_without_command_line_tools_is_not_asked_to_install_them(stage: Stage) -> None:
    """/usr/bin/python3 is then a stub that opens a window; only that one path is passed over."""
    stage.stand_in("xcode-select", "exit 2")
    stage.without("uv")
    stage.stand_in("python3", PYTHON.format())
    assert stage.install("--no-model").code == 0


def test_without_uv_homebrew_and_python_it_says_how_to_get_uv(stage: Stage) -> None:
    stage.without("uv")
    assert_explained(stage, "neither uv nor a Python", "brew install uv")


def test_what_an_interrupted_pip_left_is_done_again(stage: Stage) -> None:
    stage.without("uv")
    stage.stand_in("python3", PYTHON.format())
    half_made = stage.home / ".uv/pip/bin/uv"
    half_made.parent.mkdir(parents=True)
    half_made.write_text("half")
    assert_recovers(stage)
    assert half_made.read_text() != "half"


def test_without_network_pip_is_explained_and_works_again_later(stage: Stage) -> None:
    stage.without("uv")
    stage.stand_in("python3", PYTHON.format())
    note = stage.say("no-network")
    assert_explained(stage, "uv could not be installed with pip", "network", "./install.sh again")
    note.unlink()
    assert_recovers(stage)


def test_without_network_packages_are_explained_and_come_later(stage: Stage) -> None:
    note = stage.say("no-network")
    assert_explained(stage, "packages could not be installed", "network", "./install.sh again")
    note.unlink()
    assert_recovers(stage)


def test_a_disk_that_fills_up_on_the_way_is_named_as_the_reason(stage: Stage) -> None:
    stage.say("no-network")
    stage.stand_in(
        "df",
        'echo "Filesystem 1024-blocks Used Available Capacity Mounted on"\n'
        'if [ -e "$STAGE/asked" ]; then echo "/dev/disk 1 1 9000 99% /"; else echo "/dev/disk 1 1 9000000 9% /"; fi\n'
        'touch "$STAGE/asked"',
    )
    assert_explained(stage, "is full", "free some space")


def test_when_uv_cannot_fetch_python_one_found_here_is_used(stage: Stage) -> None:
    stage.say("no-download")
    stage.stand_in("python3.12", "exit 127")  # pyenv's shim of a version that is not selected
    stage.stand_in("python3", PYTHON.format())
    assert stage.install("--no-model").code == 0
    assert stage.has_called(f"uv venv --quiet --python {stage.bin / 'python3'}")


def test_without_any_fitting_python_it_says_how_to_get_one(stage: Stage) -> None:
    stage.say("no-download")
    stage.stand_in("python3", "exit 1")  # too old, or for another processor
    assert_explained(stage, "no Python from 3.11 to 3.13", "python@3.12")


def test_mirrors_and_certificates_of_the_user_reach_uv_and_pip(stage: Stage) -> None:
    theirs = {"UV_DEFAULT_INDEX": "mirror", "PIP_INDEX_URL": "mirror", "SSL_CERT_FILE": "our.pem"}
    keep = 'env >>"$STAGE/environment"\n'
    stage.stand_in("uv", keep + UV.format(version="0.13.8"))
    assert stage.install("--no-model", **theirs).code == 0
    seen = (stage.base / "environment").read_text().splitlines()
    assert {f"{name}={value}" for name, value in theirs.items()} <= set(seen)


def test_cache_and_python_of_uv_stay_inside_the_project(stage: Stage) -> None:
    stage.stand_in("uv", 'env >>"$STAGE/environment"\n' + UV.format(version="0.13.8"))
    stage.install("--no-model", UV_CACHE_DIR="/elsewhere", VIRTUAL_ENV="/elsewhere")
    seen = (stage.base / "environment").read_text().splitlines()
    assert f"UV_CACHE_DIR={stage.home}/.uv/cache" in seen
    assert f"UV_PYTHON_INSTALL_DIR={stage.home}/.uv/python" in seen


def test_nothing_is_made_outside_the_project(stage: Stage) -> None:
    def outside() -> set[Path]:
        return {path for path in stage.base.iterdir() if path.name != "calls"}

    before = outside()
    stage.install()
    assert outside() == before
