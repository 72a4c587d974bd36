"""What a key asks for: one key in, orders and happenings out. It reads no terminal and has no clock.

A small letter or a sign may be a command; any other letter or digit begins a question, and is its first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.events import (
    LONGEST_QUESTION,
    Ask,
    BeginQuestion,
    CancelQuestion,
    ChangeVerbosity,
    Command,
    DescribeMore,
    EditQuestion,
    Notice,
    Pause,
    Quit,
    RepeatLast,
)

ENTER, ESCAPE = ("\r", "\n"), "\x1b"
BACKSPACE, CTRL_U, CTRL_W = ("\x7f", "\b"), "\x15", "\x17"

HELP = Notice("keys", "Keys: space stops, a asks, m more, ? help, q ends.")
ALL_KEYS = Notice(
    "keys",
    "Keys: space stops or goes on; a, or a capital letter, begins a question, Enter asks it, Esc gives it up; "
    "m tells more, r repeats; + and - say more or less; q ends.",
)
COMMANDS: dict[str, Command | Notice] = {
    " ": Pause(),
    "m": DescribeMore(),
    "r": RepeatLast(),
    "+": ChangeVerbosity(1),
    "=": ChangeVerbosity(1),  # a plus without its shift key
    "-": ChangeVerbosity(-1),
    "?": ALL_KEYS,
    "q": Quit(),
}


@dataclass(slots=True)
class Presses:
    """Remembers the question in the making."""

    question: str | None = field(default=None, init=False)
    """None: no question is being typed."""

    def take(self, key: str) -> Sequence[Command | Notice]:
        """What this key asks for, in order; a key is one character."""
        if self.question is not None:
            return self._edit(self.question, key)
        if key == "a":
            return self._begin("")
        if key in COMMANDS:
            return [COMMANDS[key]]
        return self._begin(key) if key.isalnum() else []

    def _begin(self, first: str) -> Sequence[Command]:
        self.question = first
        return BeginQuestion(), EditQuestion(first)

    def _edit(self, question: str, key: str) -> Sequence[Command]:
        if key in ENTER and question.strip():
            self.question = None
            return [Ask(question.strip())]
        if key in ENTER or key == ESCAPE:
            self.question = None
            return [CancelQuestion()]
        self.question = edited(question, key)
        return [EditQuestion(self.question)] if self.question != question else []


def edited(question: str, key: str) -> str:
    """The question after this key, as a line editor has it; unchanged by what is no character."""
    if key in BACKSPACE:
        return question[:-1]
    if key == CTRL_U:
        return ""
    if key == CTRL_W:
        return question[: len(question.rstrip()) - len(last_word(question))]
    return question + key if key.isprintable() and len(question) < LONGEST_QUESTION else question


def last_word(question: str) -> str:
    words = question.split()
    return words[-1] if words else ""
