"""What a key asks for: one key in, orders and happenings out. It reads no terminal and has no clock.

A small letter or a sign may be a command; any other letter or digit begins a question, and is its first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.events import ChangeVerbosity, DescribeMore, Notice, QuestionDraft, RepeatLast
from app.live.wishes import LONGEST, End, Wish, ask, give_up, hold, listen

ENTER, ESCAPE = ("\r", "\n"), "\x1b"
BACKSPACE, CTRL_U, CTRL_W = ("\x7f", "\b"), "\x15", "\x17"

HELP = Notice("keys", "Keys: space stops, a asks, m more, ? help, q ends.")
ALL_KEYS = Notice(
    "keys",
    "Keys: space stops or goes on; a, or a capital letter, begins a question, Enter asks it, Esc gives it up; "
    "m tells more, r repeats; + and - say more or less; q ends.",
)
COMMANDS: dict[str, Wish] = {
    "m": DescribeMore(),
    "r": RepeatLast(),
    "+": ChangeVerbosity(1),
    "=": ChangeVerbosity(1),  # a plus without its shift key
    "-": ChangeVerbosity(-1),
    "?": ALL_KEYS,
    "q": End(),
}


@dataclass(slots=True)
class Presses:
    """Remembers whether narration is stopped, and the question in the making."""

    is_held: bool = field(default=False, init=False)
    """Others may stop narration too: who takes the keys keeps this true."""
    question: str | None = field(default=None, init=False)
    """None: no question is being typed."""

    def take(self, key: str) -> Sequence[Wish]:
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

    def _hold(self) -> Sequence[Wish]:
        self.is_held = not self.is_held
        return hold(self.is_held)

    def _begin(self, first: str) -> Sequence[Wish]:
        self.question = first
        return *listen(), QuestionDraft(first)

    def _edit(self, question: str, key: str) -> Sequence[Wish]:
        if key in ENTER:
            return self._ask(question.strip())
        if key == ESCAPE:
            return self._give_up()
        self.question = edited(question, key)
        return [QuestionDraft(self.question)] if self.question != question else []

    def _ask(self, question: str) -> Sequence[Wish]:
        if not question:
            return self._give_up()
        self.question = None
        return ask(question)

    def _give_up(self) -> Sequence[Wish]:
        self.question = None
        return give_up(is_held=self.is_held)


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
