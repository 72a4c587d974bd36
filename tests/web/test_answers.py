"""Questions that a program waits for: which answer is whose, what is forgotten, and that nobody waits for nothing."""

import asyncio

import numpy as np
import pytest

from app.events import Answered, Cost, Frame, Notice, RunEvent, Sentence, Status
from app.web.state import Answer, Answers

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
