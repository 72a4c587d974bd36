"""run.sh: what it hands to Python, from wherever it is started. What it does first is in test_first_start.py."""

from pathlib import Path

import pytest

from tests import needs
from tests.shell.stage import Stage


@pytest.fixture
def ready(stage: Stage) -> Stage:
    assert stage.install().code == 0
    return stage


def environment(stage: Stage) -> dict[str, str]:
    lines = (stage.base / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_arguments_reach_python_as_they_were_given(ready: Stage) -> None:
    outcome = ready.run(ready.home / "run.sh", "watch", "a person  at the door", "--then", "", "$HOME *")
    assert outcome.out == "[watch][a person  at the door][--then][][$HOME *]"


def test_paths_stay_relative_to_the_folder_of_the_user(ready: Stage, tmp_path: Path) -> None:
    elsewhere = tmp_path / "clips"
    elsewhere.mkdir()
    ready.run(ready.home / "run.sh", "--source", "clip.mp4", cwd=elsewhere)
    assert (ready.base / "folder").read_text().strip() == str(elsewhere)


def test_everything_that_is_kept_is_kept_inside_the_project(ready: Stage) -> None:
    ready.run(ready.home / "run.sh", HF_HOME="/elsewhere", HF_HUB_CACHE="/elsewhere", PYTHONPATH="/elsewhere")
    seen = environment(ready)
    assert seen["HF_HOME"] == f"{ready.home}/.hf_cache"
    assert seen["PYTHONPYCACHEPREFIX"] == f"{ready.home}/.cache/python"
    assert seen["PYTHONPATH"] == str(ready.home)
    assert "/elsewhere" not in seen.values()


def test_a_folder_named_app_where_the_user_is_cannot_be_taken_for_ours(ready: Stage) -> None:
    ready.run(ready.home / "run.sh")
    assert environment(ready)["PYTHONSAFEPATH"] == "1"


def test_python_is_told_to_stay_offline_and_silent(ready: Stage) -> None:
    ready.run(ready.home / "run.sh", HF_HUB_OFFLINE="0")
    seen = environment(ready)
    assert seen["HF_HUB_OFFLINE"] == "1"
    assert seen["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert seen["TOKENIZERS_PARALLELISM"] == "false"


def test_it_can_be_started_through_links(ready: Stage) -> None:
    folder = ready.base / "my bin"
    folder.mkdir()
    (folder / "absolute").symlink_to(ready.home / "run.sh")
    (folder / "relative").symlink_to("../look say/run.sh")
    (folder / "chain").symlink_to("relative")
    for name in ("absolute", "relative", "chain"):
        assert ready.run(folder / name, "demo", cwd=folder).out == "[demo]"


def test_it_calls_python_and_makes_nothing(ready: Stage) -> None:
    made = sorted(ready.home.rglob("*"))
    ready.forget_calls()
    ready.run(ready.home / "run.sh", "demo")
    assert [call for call in ready.calls() if not call.startswith("uname")] == ["python -m app demo"]
    assert sorted(ready.home.rglob("*")) == made


def test_a_mac_preloads_nothing(ready: Stage) -> None:
    ready.run(ready.home / "run.sh")
    assert "LD_PRELOAD" not in environment(ready)


def test_linux_without_openblas_starts_without_it(ready: Stage) -> None:
    ready.machine("Linux", "riscv64")  # for which nothing lies in /usr/lib
    assert ready.run(ready.home / "run.sh").code == 0
    assert "riscv64" not in environment(ready).get("LD_PRELOAD", "")


OPENBLAS = "/usr/lib/x86_64-linux-gnu/libopenblas.so.0"


@needs.file(OPENBLAS, even_in_ci=True)
def test_linux_preloads_openblas_and_keeps_what_the_user_preloads(ready: Stage) -> None:
    ready.machine("Linux", "x86_64")
    ready.run(ready.home / "run.sh")
    assert environment(ready)["LD_PRELOAD"] == OPENBLAS
    ready.run(ready.home / "run.sh", LD_PRELOAD="libc.so.6")
    assert environment(ready)["LD_PRELOAD"] == f"{OPENBLAS}:libc.so.6"


@needs.file(OPENBLAS, even_in_ci=True)
def test_an_openblas_that_the_user_preloads_is_left_as_it_is(ready: Stage) -> None:
    ready.machine("Linux", "x86_64")
    mine = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0"
    ready.run(ready.home / "run.sh", LD_PRELOAD=mine)
    assert environment(ready)["LD_PRELOAD"] == mine
