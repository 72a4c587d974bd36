"""What a key asks for: one key in, orders and happenings out. It reads no terminal and has no clock.

A small letter or a sign may be a command; any other letter or digit begins a question, and is its first.
"""

from dataclasses import dataclass, field

from app.flow import Asking, Notice, Silence
from app.orders import Ask, Hold, Listen, Louder, More, Order, Repeat, Unask

ENTER, ESCAPE = ("\r", "\n"), "\x1b"
BACKSPACE, CTRL_U, CTRL_W = ("\x7f", "\b"), "\x15", "\x17"
LONGEST = 300
"""Characters of a question; a cat on the keyboard types more."""

HELP = Notice("keys", "Keys: space stops, a asks, m more, ? help, q ends.")
ALL_KEYS = Notice(
    "keys",
    "Keys: space stops or goes on; a, or a capital letter, begins a question, Enter asks it, Esc gives it up; "
    "m tells more, r repeats; + and - say more or less; q ends.",
)
STOPPED = Notice("stopped", "Stopped. Space goes on.")
GOING_ON = Notice("going on", "Going on.")


@dataclass(frozen=True, slots=True)
class End:
    """A person wants the run to end."""


Wish = Order | Asking | Silence | Notice | End
COMMANDS: dict[str, Wish] = {
    "m": More(),
    "r": Repeat(),
    "+": Louder(1),
    "=": Louder(1),  # a plus without its shift key
    "-": Louder(-1),
    "?": ALL_KEYS,
    "q": End(),
}


@dataclass(slots=True)
class Presses:
    """Remembers whether narration is stopped, and the question in the making."""

    is_held: bool = field(default=False, init=False)
    question: str | None = field(default=None, init=False)
    """None: no question is being typed."""

    def take(self, key: str) -> list[Wish]:
        """What this key asks for, in the order in which it is to be carried out; a key is one character."""
        if self.question is not None:
            return self._edit(self.question, key)
        if key == " ":
            return self._hold()
        if key == "a":
            return self._begin("")
        if key in COMMANDS:
            return [COMMANDS[key]]
        return self._begin(key) if key.isalnum() else []

    def _hold(self) -> list[Wish]:
        self.is_held = not self.is_held
        return [Silence(self.is_held), Hold(self.is_held), STOPPED if self.is_held else GOING_ON]

    def _begin(self, first: str) -> list[Wish]:
        """Silence at once, and the frame of this moment: the question is about what was seen just now."""
        self.question = first
        return [Silence(True), Listen(), Asking(first)]

    def _edit(self, question: str, key: str) -> list[Wish]:
        if key in ENTER:
            return self._ask(question.strip())
        if key == ESCAPE:
            return self._give_up()
        self.question = edited(question, key)
        return [Asking(self.question)] if self.question != question else []

    def _ask(self, question: str) -> list[Wish]:
        """The silence goes on: it ends behind the answer."""
        if not question:
            return self._give_up()
        self.question = None
        return [Ask(question), Asking(question, is_over=True)]

    def _give_up(self) -> list[Wish]:
        self.question = None
        over: list[Wish] = [Unask(), Asking("", is_over=True)]
        return over if self.is_held else [*over, Silence(False)]


def edited(question: str, key: str) -> str:
    """The question after this key, as a line editor has it; unchanged by what is no character."""
    if key in BACKSPACE:
        return question[:-1]
    if key == CTRL_U:
        return ""
    if key == CTRL_W:
        return question[: len(question.rstrip()) - len(last_word(question))]
    return question + key if key.isprintable() and len(question) < LONGEST else question


def last_word(question: str) -> str:
    words = question.split()
    return words[-1] if words else ""
