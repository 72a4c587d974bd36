"""What a person's wish comes to, wherever it is made: orders and happenings, in the order to carry them out in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.events import (
    Ask,
    BeginQuestion,
    CancelQuestion,
    CommandQueue,
    Mute,
    Notice,
    Order,
    Pause,
    QuestionDraft,
    RunEvent,
)

STOPPED = Notice("stopped", "Stopped. Space goes on.")
GOING_ON = Notice("going on", "Going on.")
LONGEST = 300
"""Characters of a question; a cat on the keyboard types more."""


@dataclass(frozen=True, slots=True)
class End:
    """A person wants the run to end."""


Wish = Order | RunEvent | End


def hold(is_held: bool) -> Sequence[Wish]:
    """Stop narrating, or go on."""
    return Mute(is_held), Pause(is_held), STOPPED if is_held else GOING_ON


def listen() -> Sequence[Wish]:
    """Silence at once, and the frame of this moment: a question begins, about what was seen just now."""
    return Mute(True), BeginQuestion()


def ask(question: str) -> Sequence[Wish]:
    """The silence goes on: it ends behind the answer."""
    return Ask(question), QuestionDraft(question, is_over=True)


def give_up(*, is_held: bool) -> Sequence[Wish]:
    """The question is given up; `is_held`: narration had been stopped before it."""
    over: Sequence[Wish] = (CancelQuestion(), QuestionDraft("", is_over=True))
    return over if is_held else (*over, Mute(False))


@dataclass(frozen=True, slots=True)
class Clerk:
    """Carries wishes out: what is an order is given, what is to be told is told. From any thread."""

    orders: CommandQueue
    tell: Callable[[RunEvent], None]
    end: Callable[[], None]

    def carry_out(self, wishes: Iterable[Wish]) -> None:
        for wish in wishes:
            if isinstance(wish, End):
                self.end()
            elif isinstance(wish, Order):
                self.orders.give(wish)
            else:
                self.tell(wish)
