"""What is found about a model is found once, and acted on: stopped, overruled or said."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.backends.startup import Chosen, chosen, doubts, fit_findings, refuse, run_check
from app.check.findings import Finding
from app.check.stages import judge
from app.config import Settings
from app.errors import ModelError, UsageError
from app.models.registry import Card
from tests.running import DEMO

GOOD = Finding("files", "ok", "all there")
BAD = Finding("sight", "bad", "blind: it says the same of everything", "take another", "blind")
WORSE = Finding("fit", "bad", "no eyes", "take another", "no-eyes")
DOUBT = Finding("sight", "note", "unsure: it answers nothing", "look twice", "unsure")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chosen:
    """A copy of the demo model, with a memory of its own."""
    monkeypatch.setattr("app.files.ROOT", tmp_path)
    folder = tmp_path / "copy"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("training"))
    return Chosen(folder, Card("copy", architecture="smolvlm"), "copy")


@pytest.fixture
def times_judged(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often the check was really made."""
    made: list[Path] = []

    def counted(folder: Path, card: Card) -> list[Finding]:
        made.append(folder)
        return judge(folder, card)

    monkeypatch.setattr("app.check.stages.judge", counted)
    return lambda: len(made)


def test_a_start_that_finds_nothing_changed_asks_nothing(model: Chosen, times_judged: Callable[[], int]) -> None:
    first = fit_findings(model)
    assert {each.status for each in first} == {"ok"}
    assert fit_findings(model) == first
    assert times_judged() == 1


def test_a_changed_file_is_asked_about_again(model: Chosen, times_judged: Callable[[], int]) -> None:
    fit_findings(model)
    (model.folder / "tokenizer.json").unlink()
    assert "bad" in {each.status for each in fit_findings(model)}
    assert times_judged() == 2


def test_the_check_as_a_command_asks_whatever_is_remembered(model: Chosen, times_judged: Callable[[], int]) -> None:
    fit_findings(model)
    fit_findings(model, afresh=True)
    assert times_judged() == 2


def test_the_first_bad_finding_stops_a_start_and_the_others_are_counted() -> None:
    with pytest.raises(
        ModelError, match=r"copy does not pass the check: no eyes \(and 1 more: ./run.sh check 'my copy'\)"
    ):
        refuse(Chosen(Path(), Card("copy"), "my copy"), [GOOD, WORSE, BAD], is_trusted=False)


@pytest.mark.parametrize(("told", "is_trusted"), [([GOOD], False), ([GOOD, DOUBT], False), ([BAD], True)])
def test_what_does_not_stop_a_start(told: list[Finding], is_trusted: bool) -> None:
    refuse(Chosen(Path(), Card("copy"), "my copy"), told, is_trusted)


def test_the_banner_says_what_was_overruled_doubted_or_not_found_out() -> None:
    unknown = Finding("fit", "unknown", "could not be checked", code="unknown")
    said = doubts([GOOD, BAD, DOUBT, unknown])
    assert len(said) == 3
    assert "--trust-model" in said[0]
    assert DOUBT.sentence in said[1]
    assert unknown.sentence in said[2]


def test_a_defect_while_looking_is_no_verdict_and_no_traceback() -> None:
    def fails() -> list[Finding]:
        raise ZeroDivisionError("of ours")

    found = run_check("sight", fails)
    assert [(each.status, each.code) for each in found] == [("unknown", "unknown")]
    assert "of ours" in doubts(found)[0]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("http://127.0.0.1:8080/v1", "--backend server --url http://127.0.0.1:8080/v1"),
        ("HTTPS://somewhere", "--backend server --url HTTPS://somewhere"),
        ("models/x-Q8_0.gguf", "--backend llama --gguf models/x-Q8_0.gguf"),
    ],
)
def test_what_another_backend_takes_is_sent_there(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as failure:
        chosen(Settings(model=name))
    assert failure.value.hint == hint
