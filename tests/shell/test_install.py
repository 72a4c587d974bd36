"""install.sh from its command line to its last line: once, twice, interrupted, moved, with and without a model."""

import os
import signal
import time

import pytest

from tests.shell.stage import PYTHON, Stage, everything_in


def test_it_says_where_it_sets_up_and_what_to_do_next(stage: Stage) -> None:
    outcome = stage.install()
    assert outcome.code == 0
    assert str(stage.home) in outcome.out
    assert "./run.sh demo" in outcome.out
    assert "for navigation, traffic or medicine" in outcome.out
    assert outcome.err == ""


def test_a_second_run_fetches_nothing_and_changes_nothing(stage: Stage) -> None:
    stage.install()
    made = everything_in(stage.home)
    stage.forget_calls()
    outcome = stage.install()
    assert outcome.code == 0
    assert "up to date" in outcome.out
    assert not stage.has_called("uv")
    assert everything_in(stage.home) == made


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_half_way_it_ends_with_130_and_can_be_completed(stage: Stage, number: signal.Signals) -> None:
    note = stage.say("slow")
    process = stage.start(stage.home / "install.sh", "--no-model")
    while not (stage.base / "started").exists() and process.poll() is None:
        time.sleep(0.01)
    signal_group(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted. ./install.sh continues" in err
    note.unlink()
    assert stage.install("--no-model").code == 0
    assert stage.run(stage.home / "run.sh").code == 0


def signal_group(leader: int, number: signal.Signals) -> None:
    """As a terminal's Ctrl-C does: the script and what it started are both told."""
    os.killpg(leader, number)


def test_the_default_model_is_fetched_unless_told_otherwise(stage: Stage) -> None:
    stage.install()
    assert "python -m app.models.install smolvlm2-256m" in stage.calls()


@pytest.mark.parametrize("arguments", [("--model", "smolvlm2-500m"), ("--model=smolvlm2-500m",)])
def test_another_model_is_fetched_by_its_name(stage: Stage, arguments: tuple[str, ...]) -> None:
    assert stage.install(*arguments).code == 0
    assert "python -m app.models.install smolvlm2-500m" in stage.calls()


def test_a_repository_of_the_hub_is_fetched_and_checked_by_its_id(stage: Stage) -> None:
    assert stage.install("--model", "owner/name@v2").code == 0
    assert "python -m app.models.install owner/name@v2" in stage.calls()
    assert "python -m app check owner/name@v2" in stage.calls()


def test_room_on_the_disk_is_asked_for_unless_the_repository_is_there_already(stage: Stage) -> None:
    stage.install("--no-model")
    stage.disk(free_mb=500)
    assert stage.install("--model", "owner/name").code == 1
    (stage.home / ".models" / "owner--name").mkdir(parents=True)
    assert stage.install("--model", "owner/name").code == 0


def test_auto_takes_the_best_for_this_machine_and_tells_why(stage: Stage) -> None:
    stage.say("best-says", "qwen3-vl-2b")
    outcome = stage.install("--model", "auto")
    assert outcome.code == 0
    assert outcome.err == "because\n"
    assert "python -m app.models.install qwen3-vl-2b" in stage.calls()
    assert "./run.sh --model qwen3-vl-2b" in outcome.out


def test_auto_fetches_nothing_where_nothing_fits(stage: Stage) -> None:
    assert stage.install("--model", "auto").code == 1
    assert not any("app.models.install" in call for call in stage.calls())


def test_what_was_fetched_is_checked_offline(stage: Stage) -> None:
    outcome = stage.install()
    assert "checked smolvlm2-256m, offline 1" in outcome.out.splitlines()
    calls = stage.calls()
    assert calls.index("python -m app.models.install smolvlm2-256m") < calls.index("python -m app check smolvlm2-256m")


def test_a_model_that_does_not_pass_ends_with_1_and_its_files_are_kept(stage: Stage) -> None:
    stage.say("check-says", "1")
    folder = stage.home / ".models" / "smolvlm2-256m"
    folder.mkdir(parents=True)
    outcome = stage.install()
    assert outcome.code == 1
    error, hint = outcome.err.splitlines()
    assert error.startswith("error: smolvlm2-256m does not pass the check; its files are kept")
    assert hint.startswith("hint: ")
    assert "narrate what the camera sees" not in outcome.out
    assert folder.is_dir()
    assert stage.run(stage.home / "run.sh", "demo").out == "[demo]"


def test_an_interrupted_check_ends_with_130(stage: Stage) -> None:
    stage.say("check-says", "130")
    assert stage.install().code == 130


def test_without_a_model_nothing_is_fetched_and_it_says_how_to_get_one(stage: Stage) -> None:
    outcome = stage.install("--no-model")
    assert outcome.code == 0
    assert "download the model" in outcome.out
    assert not any("app.models.install" in call or "app check" in call for call in stage.calls())


@pytest.mark.parametrize("says", [1, 3])
def test_a_model_that_does_not_come_ends_with_1_and_leaves_the_rest_usable(stage: Stage, says: int) -> None:
    stage.say("fetch-says", str(says))
    assert stage.install().code == 1
    assert stage.run(stage.home / "run.sh", "demo").out == "[demo]"


def test_a_model_that_nobody_knows_ends_with_2(stage: Stage) -> None:
    stage.say("fetch-says", "2")
    assert stage.install("--model", "smolvlm9").code == 2


def test_an_interrupted_download_ends_with_130(stage: Stage) -> None:
    stage.say("fetch-says", "130")
    assert stage.install().code == 130


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fast",),
        ("models",),
        ("--model",),
        ("--model", "--no-model"),
        ("--model=",),
        ("clean", "all"),
        ("test", "x"),
        ("test", "--all", "x"),
        ("clean", "--all"),
        ("--all",),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_makes_nothing(stage: Stage, arguments: tuple[str, ...]) -> None:
    before = everything_in(stage.home)
    outcome = stage.install(*arguments)
    assert outcome.code == 2
    assert outcome.err.startswith("error: ")
    assert "\nhint: ./install.sh" in outcome.err
    assert everything_in(stage.home) == before


@pytest.mark.parametrize("arguments", [("--help",), ("test", "--help")])
def test_help_names_every_option_and_makes_nothing(stage: Stage, arguments: tuple[str, ...]) -> None:
    before = everything_in(stage.home)
    outcome = stage.install(*arguments)
    assert outcome.code == 0
    for option in (
        "--model NAME",
        "OWNER/NAME",
        "auto",
        "--no-model",
        "--reference",
        "--llama",
        "--all",
        "test",
        "clean",
    ):
        assert option in outcome.out
    assert everything_in(stage.home) == before


def test_the_reference_implementation_is_an_extra(stage: Stage) -> None:
    stage.install("--no-model")
    assert not any("--extra reference" in call for call in stage.calls())
    assert stage.install("--no-model", "--reference").code == 0
    assert any("--extra reference" in call for call in stage.calls())


def test_llama_is_an_extra_that_is_never_compiled(stage: Stage) -> None:
    outcome = stage.install("--no-model", "--llama", "--reference")
    assert outcome.code == 0
    assert "extras   installed: llama, reference" in outcome.out
    (call,) = (call for call in stage.calls() if "--extra llama" in call)
    assert "--only-binary xllamacpp" in call
    assert stage.has_called("python -c import xllamacpp")


def test_a_llama_that_does_not_load_is_explained(stage: Stage) -> None:
    stage.install("--no-model")
    stage.say("has-no-libgomp")
    outcome = stage.install("--no-model", "--llama")
    assert outcome.code == 1
    assert "error: xllamacpp is installed, but does not load" in outcome.err
    assert "sudo apt install libgomp1" in outcome.err
    assert "brew install llama.cpp" in outcome.err
    assert not (stage.home / ".venv/looksay-extras").exists()


def test_an_extra_that_is_there_is_neither_fetched_again_nor_kept_silently(stage: Stage) -> None:
    stage.install("--no-model", "--reference")
    stage.forget_calls()
    for arguments in (("--no-model", "--reference"), ("--no-model",)):
        outcome = stage.install(*arguments)
        assert "extras   installed: reference" in outcome.out
        assert not stage.has_called("uv")


def test_extras_that_go_with_a_replaced_environment_are_named(stage: Stage) -> None:
    stage.install("--no-model", "--reference")
    (stage.home / "requirements.lock").write_text("numpy==2\n")
    outcome = stage.install("--no-model")
    assert "extras   gone with the .venv that was replaced: reference" in outcome.out
    assert "gone" not in stage.install("--no-model").out


def test_the_tests_that_need_torch_are_told_whether_it_was_installed(stage: Stage) -> None:
    stage.stand_in("python3", PYTHON.format())
    assert stage.install("test").code == 0
    assert (stage.base / "engines").read_text() == ""
    stage.forget_calls()
    outcome = stage.install("test", "--reference")
    assert outcome.code == 0
    assert (stage.base / "engines").read_text() == "torch"
    asked = [call for call in stage.calls() if "-m pip --python" in call]
    assert [call.rsplit(" ", 1)[1].split("==")[0] for call in asked] == ["torch"]
    assert not stage.has_called("uv")
    kept = (stage.home / ".cache/versions.txt").read_text().splitlines()
    assert any(line.startswith("numpy==") for line in kept)
    assert not [line for line in kept if "--hash" in line or "[" in line or line.endswith("\\")]


def test_torch_is_installed_for_the_tests_once(stage: Stage) -> None:
    stage.stand_in("python3", PYTHON.format())
    stage.install("test", "--reference")
    stage.forget_calls()
    outcome = stage.install("test", "--reference")
    assert "extras   installed: torch" in outcome.out
    assert not any("-m pip" in call for call in stage.calls())
    assert (stage.base / "engines").read_text() == "torch"


def test_the_long_tests_are_left_to_all(stage: Stage) -> None:
    stage.install("test")
    assert not any("pytest" in call and call.endswith("-m ") for call in stage.calls())
    stage.install("test", "--all")
    assert any("pytest" in call and call.endswith("-m ") for call in stage.calls())


def test_test_sets_up_what_the_tests_need_and_never_asks_the_hub(stage: Stage) -> None:
    outcome = stage.install("test")
    assert outcome.code == 0
    (sync,) = [call for call in stage.calls() if call.startswith("uv pip sync")]
    assert "requirements.lock requirements-dev.lock" in sync
    assert outcome.out.splitlines().count("1") == 3  # HF_HUB_OFFLINE, as ruff, mypy and pytest saw it
    for checker in ("python -m ruff check", "python -m mypy", "shellcheck", "python -m pytest"):
        assert stage.has_called(checker)
    assert not any("app.models.install" in call for call in stage.calls())


def test_test_runs_all_and_ends_with_1_when_some_do_not_pass(stage: Stage) -> None:
    stage.say("tests-fail")
    outcome = stage.install("test")
    assert outcome.code == 1
    assert "did not pass: ruff mypy pytest" in outcome.err


