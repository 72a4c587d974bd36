"""What the page shows: every happening, what windows are told of it, and what one finds that comes late."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from app.events import (
    Answered,
    Cost,
    Frame,
    FramePreview,
    LiveSettings,
    Mute,
    Notice,
    PartialSentence,
    QuestionDraft,
    RunEvent,
    RunStarted,
    Sentence,
    SentenceKind,
    Status,
    VoiceToggled,
)
from app.web.event_stream import ROOM, Event, Queue
from app.web.state import KEPT, Answer, Answers, Board

STATUS = Status(30.0, 9, 2, 0.05, 100.0, 1_000_000)
LOOKING = RunStarted("camera:Desk", "camera Desk", "demo", "demo, 16 image tokens", "What is it?", ("It is small.",))


def frame(number: int = 0, seen_at: float = 90.0) -> Frame:
    return Frame(np.full((4, 6, 3), number, np.uint8), seen_at, float(number), number)


def sentence(text: str, kind: SentenceKind = "scene", number: int = 0) -> Sentence:
    return Sentence(text, kind, frame(number), 0.1, Cost(0.05, 0.09, 9, 16, 5), 1)


def told(board: Board, *happenings: RunEvent, now: float = 100.0) -> list[dict[str, Any]]:
    """What a window is sent."""
    return [{"event": each.name, **each.told(now)} for one in happenings for each in board.take(one, now)]


def names(events: Sequence[dict[str, Any]]) -> list[str]:
    return [each["event"] for each in events]


def test_a_sentence_grows_is_told_with_its_age_and_leaves_nothing_growing() -> None:
    board = Board()
    grows, says, empties = told(board, PartialSentence("A red", frame()), sentence("A red circle."))
    assert (grows["text"], grows["age_s"]) == ("A red", 10.0)
    assert (says["id"], says["age_s"], says["record"]["text"]) == (1, 10.0, "A red circle.")
    assert empties == {"event": "growing", "text": ""}
    assert board.snapshot(101.0)["growing"] == {"text": ""}


def test_ages_are_those_of_the_moment_at_which_it_is_sent() -> None:
    board = Board()
    board.take(sentence("A."), 100.0)
    assert board.snapshot(130.0)["said"][0]["age_s"] == 40.0


def test_sentences_and_notices_share_one_count_and_the_newest_are_kept() -> None:
    board = Board()
    for number in range(KEPT + 5):
        told(board, sentence(f"{number}.") if number % 2 else Notice("doubt", f"{number}."))
    said = board.snapshot(100.0)["said"]
    assert [each["id"] for each in said] == list(range(6, KEPT + 6))
    assert {each["event"] for each in said} == {"sentence", "notice"}


@pytest.mark.parametrize("kind", ["dark", "covered", "frozen", "blurred"])
def test_what_keeps_the_camera_from_seeing_is_a_notice_and_a_state(kind: str) -> None:
    board = Board()
    assert names(told(board, Notice(kind, "!"))) == ["notice", "view"]
    assert board.snapshot(100.0)["view"] == {"trouble": kind}
    assert names(told(board, FramePreview(frame(), trouble=kind))) == []
    assert told(board, Notice("clear", "It sees."))[-1] == {"event": "view", "trouble": ""}


def test_the_setup_is_told_whoever_changes_it() -> None:
    board = Board(every_least=0.4, voice=False)
    (first,) = told(board, LOOKING)
    assert (first["camera"], first["prompt"], first["is_own_prompt"], first["every"]) == (
        "camera Desk",
        "What is it?",
        True,
        0.4,
    )
    (second,) = told(board, LiveSettings("Where?", "full", 2.0, ("a cat",), True))
    assert (second["prompt"], second["is_own_prompt"], second["verbosity"], second["every"]) == (
        "Where?",
        False,
        "full",
        2.0,
    )
    assert (second["watches"], second["is_stopped"], second["model"]) == (["a cat"], True, "demo")
    assert told(board, VoiceToggled(True))[0]["voice"] is True


def test_going_over_to_another_is_shown_until_it_is_done_or_has_failed() -> None:
    board = Board()
    assert board.switch(is_begun=True).data["is_switching"] is True
    assert told(board, LOOKING)[0]["is_switching"] is False
    board.switch(is_begun=True)
    assert [each.get("is_switching") for each in told(board, Notice("not switched", "No."))] == [None, False]


def test_what_is_for_the_ear_or_the_terminal_is_not_shown() -> None:
    board = Board()
    assert told(board, Mute(True), Notice("looking", "Still watching."), Notice("page", "The page is at …")) == []
    assert board.snapshot(100.0)["said"] == []


def test_no_text_carries_codes_and_everything_is_json() -> None:
    board = Board(looking=RunStarted("x", "\x1b[31mred", "m", "m\x07", "p"))
    told(
        board,
        sentence("a\x1b[2Jb"),
        Notice("doubt", "\x1b]0;t\x07x"),
        PartialSentence("\x1b[1mg", frame()),
        QuestionDraft("q\x1b[1m"),
    )
    text = json.dumps(board.snapshot(100.0), ensure_ascii=False)
    assert "\x1b" not in text
    assert "\\u001b" not in text


def test_no_picture_is_kept_with_a_sentence_but_the_newest() -> None:
    board = Board()
    for number in range(3):
        told(board, sentence(f"{number}.", number=number))
    assert all(each.frame.pixels.size == 0 for each in board.sentences)
    assert board.newest is not None
    assert board.newest.pixels[0, 0, 0] == 2


def test_of_what_counts_or_grows_only_the_newest_waits_for_a_window() -> None:
    queue = Queue()
    for number in range(1000):
        queue.put([Event("growing", {"text": str(number)}), Event("status", {"n": number})])
    queue.put([Event("sentence", {"id": 1}, 1)])
    assert [each.data for each in queue.take()] == [{"text": "999"}, {"n": 999}, {"id": 1}]
    assert not queue.is_too_long


def test_a_window_that_is_too_far_behind_is_given_up() -> None:
    queue = Queue()
    queue.put([Event("sentence", {"id": number}, number) for number in range(ROOM)])
    assert not queue.is_too_long
    queue.put([Event("notice", {"id": 0})])
    assert queue.is_too_long
    queue.put([Event("notice", {"id": 1})])
    assert queue.take() == []  # nothing waits for who will not come back for it


LOST = Notice("camera lost", "The camera is gone.", "plug it in")


def said(text: str, about: str) -> Sentence:
    return Sentence(text, "answer", Frame(np.zeros((2, 2, 3), np.uint8), 0, 0, 0), 0.1, Cost(), 1, about)


def waited(*told: RunEvent, question: str = "more", before: tuple[RunEvent, ...] = ()) -> Answer:
    """What comes to this question; `before` happens before it is asked."""

    async def work() -> Answer:
        answers = Answers()
        for each in before:
            answers.take(each)
        waiting = answers.expect(question)
        for each in told:
            answers.take(each)
        return await asyncio.wait_for(waiting.answer, 5)

    return asyncio.run(work())


def test_what_was_told_at_length_is_no_answer_to_who_asks_later() -> None:
    before = (said("A long tale.", "more"), Notice("no answer", "It repeats itself."), Answered())
    answer = waited(said("Yes.", "more"), Answered("more"), before=before)
    assert ([each.text for each in answer.sentences], answer.notice) == (["Yes."], None)


def test_no_picture_is_kept_with_what_was_told_at_length() -> None:
    answers = Answers()
    for _ in range(1000):
        answers.take(said("A long tale.", "more"))
        answers.take(Answered())
    assert not answers.said


@pytest.mark.parametrize("kind", ["camera lost", "waiting", "permission"])
def test_whoever_waits_while_the_camera_is_lost_is_told_so_at_once(kind: str) -> None:
    lost = Notice(kind, "No pictures come.", "wait")
    assert waited(lost) == Answer((), lost)


@pytest.mark.parametrize(
    "back", [Notice("camera back", "It is back."), Status(1, 1, 1, 1, 1, 1), said("Yes.", "What?")]
)
def test_one_can_ask_again_when_pictures_come_again(back: RunEvent) -> None:
    answers = Answers()
    answers.take(LOST)
    assert answers.hindrance == LOST
    answers.take(back)
    assert answers.hindrance is None


def test_of_two_who_ask_the_same_each_has_an_answer() -> None:
    async def work() -> list[Answer]:
        answers = Answers()
        both = [answers.expect("Who?"), answers.expect("Who?")]
        for text in ("A man.", "A woman."):
            answers.take(said(text, "Who?"))
            answers.take(Answered("Who?"))
        return [await each.answer for each in both]

    assert [each.sentences[0].text for each in asyncio.run(work())] == ["A man.", "A woman."]
