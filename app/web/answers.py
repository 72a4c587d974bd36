"""Questions that a program waits for an answer to, and the answers as they come. Used on the server's thread alone."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from app.events import Answered, Notice, RunEvent, Sentence, Status

UNSEEING = ("camera lost", "waiting", "permission")
"""Notices after which no picture comes, until one does: nobody can be answered meanwhile."""
BACK = "camera back"
OVER = Notice("no answer", "looksay has ended", "start it again")


@dataclass(frozen=True, slots=True)
class Answer:
    """All that was said to a question."""

    sentences: tuple[Sentence, ...]
    notice: Notice | None
    """Why there is no answer, where there is none."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A question that was asked."""

    question: str
    answer: "asyncio.Future[Answer]"


@dataclass(slots=True)
class Answers:
    """The questions that are waited for, in the order in which they were asked."""

    waiting: deque[Waiting] = field(default_factory=deque)
    said: list[Sentence] = field(default_factory=list)
    """What has been answered so far to the question at hand."""
    notice: Notice | None = None
    hindrance: Notice | None = None
    """Why no picture comes, while none does."""

    def expect(self, question: str) -> Waiting:
        """To be called before the question is asked."""
        waiting = Waiting(question, asyncio.get_running_loop().create_future())
        self.waiting.append(waiting)
        return waiting

    def forget(self, waiting: Waiting) -> None:
        if waiting in self.waiting:
            self.waiting.remove(waiting)

    def take(self, happening: RunEvent) -> None:
        match happening:
            case Sentence(kind="answer"):
                self.said.append(happening)
            case Notice(kind="no answer"):
                self.notice = happening
            case Answered():
                self.end(happening.question)
            case Notice() if happening.kind in UNSEEING:
                self.hindrance = happening
                self.end_all(happening)
        if isinstance(happening, Status | Sentence) or (isinstance(happening, Notice) and happening.kind == BACK):
            self.hindrance = None  # each comes with a picture

    def end_all(self, notice: Notice) -> None:
        """None of them will be answered soon."""
        for each in tuple(self.waiting):
            give(each, Answer((), notice))
        self.waiting.clear()

    def end(self, question: str) -> None:
        """The answer to this question is complete."""
        answer = Answer(tuple(each for each in self.said if each.about == question), self.notice)
        self.said, self.notice = [], None
        found = next((each for each in self.waiting if each.question == question), None)
        if found:
            self.waiting.remove(found)
            give(found, answer)


def give(waiting: Waiting, answer: Answer) -> None:
    if not waiting.answer.done():
        waiting.answer.set_result(answer)
