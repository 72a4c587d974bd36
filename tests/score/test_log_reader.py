"""What a log says was told, on the clip's own clock."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import ScoreError
from app.events import Cost, Frame, Notice, Sentence
from app.score.log_reader import Telling, Told, logged

FRAME = Frame(np.zeros((2, 2, 3), np.uint8), seen_at=107.0, media_s=7.0, number=175)
SAID = Sentence("A man.", "scene", FRAME, 0.2, Cost(first_word_s=0.15, total_s=0.45), 4)


def log(folder: Path, *records: Any) -> Path:
    path = folder / "run.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in records))
    return path


def test_a_sentence_is_told_with_its_last_word_and_a_notice_when_it_was_told(tmp_path: Path) -> None:
    found = logged(log(tmp_path, Notice("dark", "Dark.").to_json(103.5), SAID.to_json()))
    notice, sentence = found.told
    assert (notice.event, notice.kind, notice.told_at) == ("notice", "dark", 3.5)
    assert (sentence.event, sentence.kind, sentence.text, sentence.media_s) == ("sentence", "scene", "A man.", 7.0)
    assert sentence.told_at == pytest.approx(7.5)


def test_how_many_frames_were_described_is_not_known_from_a_log(tmp_path: Path) -> None:
    assert logged(log(tmp_path, SAID.to_json())).described is None


def test_the_last_run_of_a_log_counts(tmp_path: Path) -> None:
    loading, old = Notice("loading", "Loading.").to_json(90.0), {**SAID.to_json(), "text": "Old.", "seen_at": 1.0}
    found = logged(log(tmp_path, old, loading, SAID.to_json()))
    assert [each.text for each in found.told] == ["Loading.", "A man."]


@pytest.mark.parametrize(
    "content", ["no json", "[]", '{"event": "notice", "kind": "dark"}', '{"event": "sentence"}', ""]
)
def test_what_is_no_log_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(content)
    with pytest.raises(ScoreError) as refused:
        logged(path)
    assert "run.jsonl" in refused.value.message


def test_a_log_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="none"):
        logged(tmp_path / "none.jsonl")


def test_nothing_told_is_a_telling_too() -> None:
    assert Telling((), 0).told == ()
    assert not Told("sentence", "scene", "A man.", 0.0, 0.0).is_notice
