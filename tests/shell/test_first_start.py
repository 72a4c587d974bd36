"""run.sh in a clone that is not set up, or no longer: it sets up what the command needs, and then starts."""

import os
import signal
import subprocess

import pytest

from tests.shell.stage import PYTHON, UV, Outcome, Stage, everything_in
from tests.waiting import LIMIT_S, until


def started(stage: Stage, *arguments: str) -> Outcome:
    return stage.run(stage.home / "run.sh", *arguments)


def fetched(stage: Stage) -> list[str]:
    return [call.split()[-1] for call in stage.calls() if "app.models.install" in call]


def test_the_first_start_sets_up_and_says_so_where_no_sentences_go(stage: Stage) -> None:
    outcome = started(stage, "demo", "--frames", "3")
    assert (outcome.code, outcome.out) == (0, "[demo][--frames][3]")
    assert outcome.err.startswith(f"Installing looksay first, in {stage.home}")
    assert stage.has_called("uv pip sync")


def test_the_second_start_sets_nothing_up(stage: Stage) -> None:
    started(stage, "demo")
    made = everything_in(stage.home)
    stage.forget_calls()
    assert started(stage, "demo") == Outcome(0, "[demo]", "")
    assert not stage.has_called("uv")
    assert everything_in(stage.home) == made


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo",),
        ("demo", "--model", "smolvlm2-500m"),  # a mistake, which the app explains
        ("cameras",),
        ("voices", "--json"),
        ("models",),
        ("history",),
        ("check",),
        ("check", "smolvlm2-256m"),
        ("score", "clip.mp4"),
        ("--model", "demo"),
        ("--model=demo", "--json"),
        ("describe", "a.jpg", "--model", "./mine"),
        ("describe", "a.jpg", "--model", "/models/mine"),
        ("--model", "models"),  # a folder where the user is
        ("bench",),
        ("bench", "--model", "demo"),
        ("bench", "--model", "geometry:smolvlm2-256m"),  # random weights, made on the spot
        ("--backend", "server", "--url", "http://127.0.0.1:8080/v1"),
        ("--backend=llama", "--gguf", "a.gguf"),
        ("ask", "what?", "--backend", "transformers"),
        ("describe", "a.jpg", "--model"),
        ("desribe", "a.jpg"),  # no command, which the app explains
    ],
)
def test_a_command_that_needs_no_model_downloads_none(stage: Stage, arguments: tuple[str, ...]) -> None:
    assert stage.run(stage.home / "run.sh", *arguments, cwd=stage.home).code == 0
    assert stage.calls()[-1] == f"python -m app {' '.join(arguments)}"
    assert fetched(stage) == []


@pytest.mark.parametrize(
    ("arguments", "model"),
    [
        ((), "smolvlm2-256m"),
        (("--source", "demo"), "smolvlm2-256m"),
        (("ask", "Is the door open?"), "smolvlm2-256m"),
        (("watch", "a person", "--backend", "mlx"), "smolvlm2-256m"),
        (("describe", "a.jpg", "--", "--model"), "smolvlm2-256m"),
        (("serve",), "smolvlm2-256m"),
        (("--model", "smolvlm2-500m"), "smolvlm2-500m"),
        (("describe", "a.jpg", "--model=owner/name"), "owner/name"),
        (("score", "clip.mp4", "--model", "smolvlm2-500m"), "smolvlm2-500m"),
    ],
)
def test_a_command_that_needs_a_model_has_it_fetched_and_checked(
    stage: Stage, arguments: tuple[str, ...], model: str
) -> None:
    outcome = started(stage, *arguments)
    assert (outcome.code, outcome.out) == (0, "".join(f"[{each}]" for each in arguments) or "[]")
    assert fetched(stage) == [model]
    assert f"checked {model}, offline 1" in outcome.err.splitlines()


def test_a_mistyped_command_line_is_refused_before_a_model_is_fetched(stage: Stage) -> None:
    stage.say("mistyped")
    outcome = started(stage, "--source", "clip.mp4", "--nonsense")
    assert (outcome.code, outcome.out) == (2, "")
    assert "error: made up" in outcome.err
    assert stage.has_called(
        "python -c import sys, app.cli; sys.exit(app.cli.check_usage(sys.argv[1:])) --source clip.mp4"
    )
    assert fetched(stage) == []


def test_auto_is_the_best_for_this_machine(stage: Stage) -> None:
    stage.say("best-says", "qwen3-vl-2b")
    assert started(stage, "--model", "auto").code == 0
    assert fetched(stage) == ["qwen3-vl-2b"]


def test_after_the_demo_the_model_alone_is_fetched(stage: Stage) -> None:
    started(stage, "demo")
    stage.forget_calls()
    outcome = started(stage)
    assert outcome.code == 0
    assert outcome.err.startswith("No model yet: downloading smolvlm2-256m first")
    assert fetched(stage) == ["smolvlm2-256m"]
    assert not stage.has_called("uv")


def test_where_a_model_is_installed_the_app_says_what_is_missing(stage: Stage) -> None:
    stage.install("--model", "qwen3-vl-2b")
    stage.forget_calls()
    assert started(stage, "--model", "smolvlm2-500m").out == "[--model][smolvlm2-500m]"
    assert fetched(stage) == []


def test_standard_input_is_left_to_the_command(stage: Stage) -> None:
    stage.stand_in("uv", f"cat >/dev/null\n{UV.format(version='0.13.8')}")
    process = stage.start(stage.home / "run.sh", "describe", "-", stdin=subprocess.PIPE)
    process.communicate("a picture", timeout=LIMIT_S)
    assert process.returncode == 0
    assert (stage.base / "input").read_text() == "a picture"


def test_a_half_made_set_up_is_finished(stage: Stage) -> None:
    stage.install("--no-model")
    (stage.home / ".venv/looksay-complete").unlink()
    stage.forget_calls()
    assert started(stage, "demo").out == "[demo]"
    assert stage.has_called("uv pip sync")


def test_a_python_that_has_gone_is_replaced(stage: Stage) -> None:
    stage.install("--no-model")
    python = stage.home / ".venv/bin/python"
    python.unlink()
    python.symlink_to(stage.base / "removed with an upgrade")
    assert started(stage, "demo").out == "[demo]"


def test_a_changed_lock_is_installed_with_the_extras_that_were_there(stage: Stage) -> None:
    stage.install("--no-model", "--reference")
    (stage.home / "requirements.lock").write_text("numpy==2\n")
    stage.forget_calls()
    outcome = started(stage, "demo")
    assert (outcome.code, outcome.out) == (0, "[demo]")
    assert outcome.err.startswith("looksay has changed since it was installed")
    assert stage.has_called("uv pip sync")
    assert any("--extra reference" in call for call in stage.calls())


def test_a_moved_folder_is_set_up_again(stage: Stage) -> None:
    stage.install("--no-model")
    stage.home = stage.home.rename(stage.base / "moved here")
    outcome = started(stage, "demo")
    assert (outcome.code, outcome.out) == (0, "[demo]")
    assert "was moved" in outcome.err


def test_what_the_tests_need_serves_every_command(stage: Stage) -> None:
    stage.install("test")
    stage.forget_calls()
    assert started(stage, "demo") == Outcome(0, "[demo]", "")
    assert not stage.has_called("uv")


def test_a_set_up_that_fails_is_explained_and_starts_nothing(stage: Stage) -> None:
    note = stage.say("no-network")
    outcome = started(stage, "demo")
    assert (outcome.code, outcome.out) == (1, "")
    error, hint = outcome.err.splitlines()[-2:]
    assert error == "error: the packages could not be installed"
    assert "run ./run.sh again" in hint
    assert not any("-m app demo" in call for call in stage.calls())
    note.unlink()
    assert started(stage, "demo").out == "[demo]"


@pytest.mark.parametrize(("says", "code"), [("1", 1), ("2", 2), ("3", 1), ("130", 130)])
def test_a_model_that_does_not_come_starts_nothing(stage: Stage, says: str, code: int) -> None:
    stage.say("fetch-says", says)
    outcome = started(stage)
    assert (outcome.code, outcome.out) == (code, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_set_up_ends_with_130_and_the_next_start_goes_on(stage: Stage, number: signal.Signals) -> None:
    note = stage.say("slow")
    process = stage.start(stage.home / "run.sh", "demo")
    until((stage.base / "started").exists)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, out) == (130, "")
    assert "Interrupted. ./run.sh continues" in err
    note.unlink()
    assert started(stage, "demo").out == "[demo]"


def test_two_starts_at_once_set_up_once(stage: Stage) -> None:
    note = stage.say("slow")
    processes = [stage.start(stage.home / "run.sh")]
    until((stage.base / "started").exists)
    processes.append(stage.start(stage.home / "run.sh"))
    assert processes[1].stderr
    told = ""
    while "waiting" not in told:
        line = processes[1].stderr.readline()
        assert line
        told += line
    note.unlink()
    assert [process.communicate(timeout=LIMIT_S)[0] for process in processes] == ["[]", "[]"]
    assert [process.returncode for process in processes] == [0, 0]
    assert len([call for call in stage.calls() if call.startswith("uv pip sync")]) == 1
    assert fetched(stage) == ["smolvlm2-256m"]


def test_the_lock_of_a_set_up_that_was_killed_is_no_hindrance(stage: Stage) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    (stage.home / ".cache").mkdir()
    (stage.home / ".cache/setting-up").symlink_to(str(dead.pid))
    assert started(stage, "demo").out == "[demo]"
    assert [path.name for path in (stage.home / ".cache").iterdir() if "setting-up" in path.name] == []


@pytest.mark.parametrize("arguments", [("--help",), ("describe", "-h"), ("--version",)])
def test_help_needs_no_set_up_where_there_is_a_python(stage: Stage, arguments: tuple[str, ...]) -> None:
    stage.stand_in("python3", PYTHON.format())
    before = everything_in(stage.home)
    outcome = started(stage, *arguments)
    assert (outcome.code, outcome.out, outcome.err) == (0, "".join(f"[{each}]" for each in arguments), "")
    assert everything_in(stage.home) == before


def test_help_without_a_python_says_what_to_type(stage: Stage) -> None:
    before = everything_in(stage.home)
    outcome = started(stage, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert "./run.sh demo" in outcome.out
    assert "./install.sh --help" in outcome.out
    assert everything_in(stage.home) == before


def test_the_version_without_a_python_is_that_of_the_project(stage: Stage) -> None:
    project = (stage.home / "pyproject.toml").read_text()
    outcome = started(stage, "--version")
    assert outcome.code == 0
    name, version = outcome.out.split()
    assert name == "looksay"
    assert f'\nversion = "{version}"\n' in project


def test_help_after_the_set_up_is_printed_by_its_python(stage: Stage) -> None:
    stage.install("--no-model")
    assert started(stage, "--help") == Outcome(0, "[--help]", "")
    (stage.home / "requirements.lock").write_text("numpy==2\n")
    stage.forget_calls()
    assert started(stage, "--help") == Outcome(0, "[--help]", "")
    assert not stage.has_called("uv")
