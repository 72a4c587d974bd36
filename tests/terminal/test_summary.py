"""The line at the end says what was described, and how soon."""

from dataclasses import replace

from app.events import Cost
from app.terminal.summary import Summary
from tests.terminal.stage import growing, notice, sentence, status


def test_nothing_seen_is_nothing_said() -> None:
    summary = Summary()
    summary.add(notice())
    summary.add(growing())
    assert summary.line == ""


def test_frames_without_a_sentence_are_counted_without_a_median() -> None:
    summary = Summary()
    summary.add(status(seen=30, described=2))
    assert summary.line == "2 of 30 frames described"


def test_medians_are_over_frames_not_over_sentences() -> None:
    summary = Summary()
    for number, first_word_s in ((0, 0.1), (1, 0.2), (1, 9.0), (1, 9.0), (2, 0.3)):
        told = sentence(number=number, described=number + 1)
        summary.add(replace(told, cost=Cost(first_word_s=first_word_s), frame_age_s=first_word_s + 0.1))
    assert summary.line == "3 of 3 frames described; median first word 0.20 s, frame age 0.30 s"


def test_two_cameras_frames_of_the_same_number_are_two() -> None:
    summary = Summary()
    for camera, first_word_s in (("Door", 0.1), ("Yard", 0.3), ("Yard", 9.0)):
        told = sentence(number=7)
        told = replace(told, frame=replace(told.frame, camera=camera), cost=Cost(first_word_s=first_word_s))
        summary.add(told)
    assert "median first word 0.20 s" in summary.line


def test_drafts_are_told_if_there_were_any() -> None:
    summary = Summary()
    summary.add(replace(status(seen=30, described=2), drafted=25, draft_accepted=23))
    assert summary.line == "2 of 30 frames described; drafts 92 %"
