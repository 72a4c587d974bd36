"""A record is what scripts and measurements rely on."""

import json
from dataclasses import replace

import pytest

from app.flow import Cost
from app.outputs.records import line_of, record
from tests.outputs.stage import frame, notice, sentence


def test_a_sentence_has_every_field_of_the_contract() -> None:
    seen = replace(frame(41, seen_at=1234.567891), media_s=1.3666666)
    told = replace(sentence("A red circle.", "change", described=7), frame=seen, frame_age_s=0.312345)
    assert record(told, 0.0) == {
        "event": "sentence",
        "kind": "change",
        "text": "A red circle.",
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


def test_a_notice_has_its_remedy_and_its_time_and_no_numbers_of_a_frame() -> None:
    assert record(notice("camera lost", "Gone.", "Plug it in."), 12.34567) == {
        "event": "notice",
        "kind": "camera lost",
        "text": "Gone.",
        "remedy": "Plug it in.",
        "seen_at": 12.3457,
    }


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_null_and_the_line_stays_json(strange: float) -> None:
    told = replace(sentence(), frame_age_s=strange, cost=Cost(first_word_s=strange))
    row = json.loads(line_of(told, 0.0), parse_constant=pytest.fail)
    assert row["frame_age_s"] is None
    assert row["first_word_s"] is None


def test_a_record_is_one_line_whose_letters_stay_letters() -> None:
    line = line_of(sentence("Grüße,\n世界 \x1b[31m"), 0.0)
    assert "\n" not in line
    assert "Grüße, 世界 [31m" in line
