"""Questions that a program waits for an answer to, and the answers as they come. Used on the server's thread alone."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from app.flow import Happening, Notice, Sentence
from app.shown import Answered


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

    def expect(self, question: str) -> Waiting:
        """To be called before the question is asked."""
        waiting = Waiting(question, asyncio.get_running_loop().create_future())
        self.waiting.append(waiting)
        return waiting

    def forget(self, waiting: Waiting) -> None:
        if waiting in self.waiting:
            self.waiting.remove(waiting)

    def take(self, happening: Happening) -> None:
        match happening:
            case Sentence(kind="answer"):
                self.said.append(happening)
            case Notice(kind="no answer"):
                self.notice = happening
            case Answered():
                self.end(happening.question)

    def end(self, question: str) -> None:
        """The answer to this question is complete."""
        answer = Answer(tuple(each for each in self.said if each.about == question), self.notice)
        self.said, self.notice = [], None
        found = next((each for each in self.waiting if each.question == question), None)
        if found:
            self.waiting.remove(found)
            if not found.answer.done():
                found.answer.set_result(answer)
