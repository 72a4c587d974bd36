"""Every code is explained in the documentation."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from app.check.findings import (
    Facts,
    Finding,
    ModelState,
    as_json,
    commit,
    exit_code,
    private,
    render,
)
from app.check.machine import findings
from scripts import check_codes
from tests import needs


def test_the_page_of_codes_is_up_to_date() -> None:
    assert check_codes.PAGE.read_text() == check_codes.page(), "run python -m scripts.check_codes"


def test_a_code_without_an_explanation_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="CODES"):
        Finding("fit", "bad", "it does not fit", "take another", "no-such-code")


GOOD = Finding("camera", "ok", "FaceTime HD")
LESS = Finding("voice", "note", "none", "install one")
BAD = Finding("model", "bad", "is not installed", "./install.sh")
UNSURE = Finding("MLX device", "unknown", "could not be checked: OSError: x")


def raising(*_):
    raise RuntimeError("the camera process\nended with -11 in /home/anna/looksay")


def facts(model="verified", cameras=("FaceTime HD",), voice="Samantha"):
    return Facts(lambda: ModelState("tiny", Path("/m"), model), lambda: cameras, lambda: voice)


def test_the_block_can_be_pasted_into_a_bug_report():
    assert render([GOOD, LESS, BAD, UNSURE], "looksay 1.0").splitlines() == [
        "```",
        "looksay 1.0",
        "",
        "ok       camera      FaceTime HD",
        "note     voice       none",
        "                     hint: install one",
        "MISSING  model       error: is not installed",
        "                     hint: ./install.sh",
        "unknown  MLX device  could not be checked: OSError: x",
        "```",
    ]


def test_nothing_in_a_sentence_can_end_the_block():
    block = render([Finding("a", "ok", "x\n```\ny"), Finding("b", "note", "z", "```")], "t")
    assert block.count("```") == 2
    assert len(block.splitlines()) == 7


@pytest.mark.parametrize(("found", "code"), [([], 0), ([GOOD, LESS, UNSURE], 0), ([GOOD, BAD], 1)])
def test_only_what_the_narrator_needs_makes_it_fail(found, code):
    assert exit_code(found) == code
    assert json.loads(as_json(found, "t"))["is_ready"] is (code == 0)


def test_json_holds_every_finding_with_its_remedy():
    assert json.loads(as_json([LESS, BAD], "looksay 1.0")) == {
        "looksay": "looksay 1.0",
        "is_ready": False,
        "findings": [
            {"name": "voice", "status": "note", "sentence": "none", "remedy": "install one", "code": ""},
            {"name": "model", "status": "bad", "sentence": "is not installed", "remedy": "./install.sh", "code": ""},
        ],
    }


@pytest.mark.parametrize(
    ("home", "text", "shown"),
    [
        ("/Users/anna", "in /Users/anna/looksay/.venv", "in ~/looksay/.venv"),
        ("/Users/anna", "/Users/anna", "~"),
        ("/Users/anna", "/Users/annabel/x and /home/ben/y", "~/x and ~/y"),
        ("/Users/anna", "/Volumes/anna/models", "/Volumes/USER/models"),
        ("/Users/anna", "/opt/annals", "/opt/annals"),
        ("/root", "/root/x /rootless", "~/x /rootless"),
        ("/", "/usr/bin", "/usr/bin"),
    ],
)
def test_no_user_and_no_home_folder_is_shown(home, text, shown):
    assert private(text, Path(home)) == shown


def test_everything_is_asked_and_this_machine_answers():
    found = findings(facts())
    assert [each.name for each in found if each.status == "unknown"] == []
    assert {"system", "Python", "mlx", "MLX device", "model", "camera", "voice"} <= {each.name for each in found}
    assert exit_code(found) == 0
    assert len({each.name for each in found}) == len(found)


def test_a_question_that_fails_is_unknown_and_the_others_go_on(monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    found = findings(Facts(raising, raising, raising))
    unknown = {each.name: each.sentence for each in found if each.status == "unknown"}
    assert unknown.keys() == {"model", "camera", "voice"}
    assert "RuntimeError: the camera process ended with -11" in unknown["camera"]
    assert exit_code(found) == 0
    assert "anna" not in render(found) + as_json(found)


@pytest.mark.parametrize("missing", [{"model": "changed"}, {"model": "not installed"}, {"cameras": ()}])
def test_a_narrator_that_cannot_start_is_said_so(missing):
    found = findings(facts(**missing))
    assert [each.status for each in found].count("bad") == 1
    assert exit_code(found) == 1


@needs.tool("git")
def test_the_commit_is_named_and_whether_files_differ_from_it(tmp_path):
    def git(*words):
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run([shutil.which("git"), "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    assert commit(tmp_path) == ""
    git("init")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "one")
    clean = commit(tmp_path)
    (tmp_path / "a").write_text("2")
    assert clean.startswith(" (commit ")
    assert commit(tmp_path) == clean.replace(")", "+)")
