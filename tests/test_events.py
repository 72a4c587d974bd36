"""A record is what scripts and measurements rely on."""

import json
import re
import time
from dataclasses import replace
from datetime import datetime

import pytest

from app.clock import STEP_S
from app.events import Cost, json_line, local_time, thumbnail_name
from app.outputs.log import is_thumbnail
from tests.terminal.stage import frame, notice, sentence


def test_a_sentence_has_every_field_of_the_contract() -> None:
    seen = replace(frame(41, seen_at=1234.567891), media_s=1.3666666)
    told = replace(sentence("A red circle.", "change", described=7), frame=seen, frame_age_s=0.312345)
    assert told.to_json() == {
        "event": "sentence",
        "kind": "change",
        "text": "A red circle.",
        "time": local_time(1234.567891),
        "media_s": 1.3667,
        "seen_at": 1234.5679,
        "frame_age_s": 0.3123,
        "first_word_s": 0.21,
        "total_s": 0.8,
        "tokens": 12,
        "image_tokens": 64,
        "forwards": 13,
        "drafted": 5,
        "draft_accepted": 3,
        "frames_seen": 42,
        "frames_described": 7,
    }


def test_an_answer_has_its_question_and_an_alert_its_wish_and_a_description_neither() -> None:
    for kind, about in (("answer", "What colour is it?"), ("alert", "a person at the door")):
        assert replace(sentence("Red.", kind), about=about).to_json()["about"] == about
    assert "about" not in sentence().to_json()


def test_a_notice_has_its_remedy_and_its_time_and_no_numbers_of_a_frame() -> None:
    assert notice("camera lost", "Gone.", "Plug it in.").to_json(12.34567) == {
        "event": "notice",
        "kind": "camera lost",
        "text": "Gone.",
        "remedy": "Plug it in.",
        "time": local_time(12.34567),
        "seen_at": 12.3457,
    }


def test_of_several_cameras_a_record_names_the_one_and_of_one_it_names_none() -> None:
    told = replace(sentence(), frame=replace(frame(41), camera="Door"))
    assert told.to_json()["camera"] == "Door"
    assert replace(notice(), camera="Door").to_json(0.0)["camera"] == "Door"
    assert not {"camera"} & (sentence().to_json().keys() | notice().to_json(0.0).keys())


def test_two_cameras_pictures_of_the_same_moment_have_two_names() -> None:
    names = {thumbnail_name(replace(frame(41), camera=camera)) for camera in ("", "Door", "Yard", "Tür ☂")}
    assert len(names) == 4
    assert all(map(is_thumbnail, names))


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_null_and_the_line_stays_json(strange: float) -> None:
    told = replace(sentence(), frame_age_s=strange, cost=Cost(first_word_s=strange))
    told = replace(told, frame=replace(told.frame, seen_at=strange))
    row = json.loads(json_line(told, 0.0, "a.thumbnails"), parse_constant=pytest.fail)
    assert row["time"] is None
    assert "thumbnail" not in row
    assert row["frame_age_s"] is None
    assert row["first_word_s"] is None


def test_a_record_is_one_line_whose_letters_stay_letters() -> None:
    line = json_line(sentence("Grüße,\n世界 \x1b[31m"), 0.0)
    assert "\n" not in line
    assert "Grüße, 世界 [31m" in line


def test_the_time_is_that_of_the_frame_to_the_millisecond_with_its_offset() -> None:
    """By two readings of the clocks around it, for none can be read twice."""
    told = sentence()
    least = time.time() - time.monotonic()
    written = told.to_json()["time"]
    most = -(time.monotonic() - time.time())
    at = datetime.fromisoformat(written)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", written)
    assert at.utcoffset() == datetime.now().astimezone().utcoffset()
    seen_s, grain_s = told.frame.seen_at, 0.001 + 2 * STEP_S
    assert least + seen_s - grain_s <= at.timestamp() <= most + seen_s + grain_s


def test_a_frame_has_one_time_whichever_output_asks() -> None:
    told = sentence()
    assert len({told.to_json()["time"] for _ in range(10_000)}) == 1


def test_a_thumbnail_is_named_by_time_and_number_and_only_if_it_is_kept() -> None:
    told = sentence(number=41)
    row = told.to_json("a.jsonl.thumbnails")
    at = datetime.fromisoformat(row["time"])
    assert row["thumbnail"] == f"a.jsonl.thumbnails/{at:%Y%m%d-%H%M%S}-{at.microsecond // 1000:03}-41.jpg"
    assert row["thumbnail"].endswith(thumbnail_name(told.frame))
    assert is_thumbnail(thumbnail_name(told.frame))
    assert "thumbnail" not in told.to_json()
    assert "thumbnail" not in json_line(notice(), 0.0, "a.jsonl.thumbnails")
