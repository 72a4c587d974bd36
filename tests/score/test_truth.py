"""The truth of a clip: what the file may say, and how it is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import ScoreError
from app.score.truth import Occurrence, Span, Truth, read_truth

SPANS = (
    Span(0.0, 6.0, "scene", ("A red circle is on the left.",)),
    Span(6.0, 6.6, "changing"),
    Span(6.6, 20.0, "scene", ("The scene is empty.",), ("noise",)),
)
TRUTH = Truth("desk.mp4", 25.0, (640, 480), SPANS, (Occurrence(6.0, "vanish", ("The scene is empty.",)),))


def plain(**other: Any) -> dict[str, Any]:
    return {**json.loads(TRUTH.to_json()), **other}


def put(folder: Path, value: Any) -> Path:
    path = folder / "truth.json"
    path.write_text(json.dumps(value))
    return path


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text(TRUTH.to_json())
    assert read_truth(path) == TRUTH


def test_an_event_is_told_by_the_captions_of_the_first_settled_span_after_it(tmp_path: Path) -> None:
    found = read_truth(put(tmp_path, plain(events=[{"at": 6, "kind": "vanish"}, {"at": 0, "kind": "begin"}])))
    assert [event.told_by for event in found.events] == [SPANS[0].captions, SPANS[2].captions]


def test_captions_and_nuisance_may_be_left_out(tmp_path: Path) -> None:
    found = read_truth(put(tmp_path, plain(spans=[{"from": 0, "until": 9, "kind": "covered"}], events=[])))
    assert found.spans == (Span(0.0, 9.0, "covered"),)


def test_a_change_is_complete_when_the_next_settled_span_begins() -> None:
    assert TRUTH.change_end(TRUTH.events[0]) == 6.6
    assert TRUTH.change_end(Occurrence(8.0, "recolour", ("A.",))) == 8.0


def test_something_every_ten_seconds_at_most_is_quiet() -> None:
    assert TRUTH.is_quiet
    assert not Truth("a", 25.0, (4, 4), SPANS, TRUTH.events * 3).is_quiet
    assert not Truth("a", 25.0, (4, 4), (*SPANS, Span(20.0, 30.0, "dark")), TRUTH.events).is_quiet


BAD: list[tuple[Any, str]] = [
    ([], "truth.json: Input should be an object"),
    ({}, "clip: Field required"),
    (plain(spans=5), "spans: Input should be a valid"),
    (plain(spans=[]), "spans: no span begins at 0"),
    (plain(spans=[{"from": 3, "until": 5, "kind": "scene"}]), "spans: no span begins at 0"),
    (plain(spans=[{"from": 0, "until": 0, "kind": "dark"}]), "spans[0].until"),
    (plain(spans=[{"from": "0", "until": 5, "kind": "scene"}]), "spans[0].from"),
    (plain(spans=[{"from": 0, "until": 5, "kind": "night"}]), "spans[0].kind"),
    (plain(spans=[{"from": 0, "until": 5, "kind": "scene", "captions": [7]}]), "spans[0].captions[0]"),
    (plain(spans=[{"from": 0, "until": 5, "kind": "dark"}, {"from": 6, "until": 8, "kind": "dark"}]), "spans[1]"),
    (plain(spans=[{"from": 0, "until": 5, "kind": "scene", "captions": []}]), "spans[0]: a scene without captions"),
    (plain(spans=[{"from": 0, "until": 5, "kind": "scene"}]), "spans[0]: a scene without captions"),
    (plain(events=[{"kind": "move"}]), "events[0].at: Field required"),
    (plain(events=[{"at": -1, "kind": "move"}]), "events[0].at"),
    (plain(events=[{"at": float("nan"), "kind": "move"}]), "events[0].at"),
    (plain(events=[{"at": True, "kind": "move"}]), "events[0].at"),
    (plain(events=[{"at": 30, "kind": "move"}]), "events[0]: no caption is valid after 30 s"),
    (plain(clip=" "), "clip"),
    (plain(fps=0), "fps"),
    (plain(size=[640]), "size"),
]


@pytest.mark.parametrize(("value", "said"), BAD)
def test_a_file_that_cannot_be_is_refused_with_the_place(tmp_path: Path, value: Any, said: str) -> None:
    with pytest.raises(ScoreError) as refused:
        read_truth(put(tmp_path, value))
    assert said in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", None])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "truth.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScoreError, match=r"truth\.json"):
        read_truth(path)
