"""The exam of engines: the same pictures for every engine, and nothing but the exact sentence counts."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.errors import Outage, UsageError, UserError
from scripts.exam import SIZES, Paper, answers, as_json, compared, enlarged, main, questions, wanted
from tests.fake_describer import ScriptedDescriber

ASKED = questions(6)
TRUTH = [each.answer for each in ASKED]


def paper(*said: str | UserError) -> Paper:
    return Paper("scripted", "640x480", list(answers(ScriptedDescriber(said), ASKED, SIZES["640x480"])))


def test_the_questions_are_the_same_every_time_and_show_one_two_and_three_things() -> None:
    again = questions(6)
    assert [each.answer for each in again] == TRUTH
    assert all(np.array_equal(one.tiles, other.tiles) for one, other in zip(ASKED, again, strict=True))
    assert [1 + each.count(", ") + each.count(" and ") for each in TRUTH[-2:]] == [3, 3]


def test_an_enlarged_picture_has_the_colours_of_the_drawn_one_and_no_others() -> None:
    (tile,), (large,) = ASKED[0].tiles, enlarged(ASKED[0].tiles, (640, 480))
    assert large.shape == (480, 640, 3)
    assert {*map(tuple, large.reshape(-1, 3).tolist())} == {*map(tuple, tile.reshape(-1, 3).tolist())}


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


def test_papers_about_other_pictures_are_not_compared() -> None:
    other = as_json(Paper("scripted", "640x480", paper(*TRUTH).answers[:3]))
    with pytest.raises(UsageError, match="other questions"):
        compared(paper(*TRUTH), other)


def test_an_engine_that_does_not_answer_has_no_score() -> None:
    with pytest.raises(Outage):
        paper(TRUTH[0], Outage("nobody answers", "start it"))


def test_it_takes_the_flags_of_every_engine() -> None:
    given = wanted(["--backend", "llama", "--gguf", "a.gguf", "--mmproj", "b.gguf", "--count", "3"])
    assert (given.backend, given.gguf, given.mmproj, given.count) == ("llama", "a.gguf", "b.gguf", 3)


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
