"""The exam of engines: the same pictures for every engine, and nothing but the exact sentence counts."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.errors import UserError
from scripts.exam import SIZES, Paper, answers, as_json, compared, main, questions
from tests.fake_describer import ScriptedDescriber

ASKED = questions(6)
TRUTH = [each.answer for each in ASKED]


def paper(*said: str | UserError) -> Paper:
    return Paper("scripted", "640x480", list(answers(ScriptedDescriber(said), ASKED, SIZES["640x480"])))


def test_only_the_exact_sentence_is_right() -> None:
    assert paper(*TRUTH).right == 6
    assert paper(*TRUTH[:3], *(each.lower() for each in TRUTH[3:])).right == 3
    assert paper("").right == 0


def test_two_engines_are_compared_picture_by_picture(tmp_path: Path) -> None:
    best, worse = paper(*TRUTH), paper(*TRUTH[:5], "A cat.")
    (tmp_path / "best.json").write_text(json.dumps([as_json(best)]))
    (kept,) = json.loads((tmp_path / "best.json").read_text())
    told = compared(worse, kept)
    assert "-16.7 points" in told
    assert "the same words 5 times of 6, right alone 0, it alone 1" in told
    assert "+0.0 points" in compared(best, kept)


def test_the_command_examines_a_real_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["exam", "--backend", "mlx", "--count", "6", "--to", str(tmp_path / "a.json")])
    with ThreadPoolExecutor(1) as thread:
        thread.submit(main).result()
    papers = json.loads((tmp_path / "a.json").read_text())
    assert [(each["size"], each["asked"]) for each in papers] == [("128x128", 6), ("640x480", 6)]
    assert all(each["right"] >= 5 for each in papers)
    assert capsys.readouterr().out.count("mlx: demo") == 2


def test_what_cannot_be_examined_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["exam", "--backend", "mlx", "--url", "http://127.0.0.1:1/v1", "--count", "3"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--url is for --backend server" in capsys.readouterr().err
