"""What is asked of pictures, and what comes of it."""

from dataclasses import dataclass

from app.errors import UserError
from app.events import Cost, Request
from app.image_files.inputs import Shown


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of every picture."""

    prompt: str
    question: str | None = None
    """Asked instead of the prompt."""
    max_tokens: int = 64
    of_several: str = ""
    """The prompt for several frames at once, if it is another one."""

    def request(self, shown: Shown) -> Request:
        several = self.of_several if len(shown.frames) > 1 else ""
        return Request(shown.frames, self.question or several or self.prompt, self.max_tokens)


@dataclass(frozen=True, slots=True)
class Described:
    shown: Shown
    text: str
    """One line."""
    cost: Cost


@dataclass(frozen=True, slots=True)
class Undescribed:
    names: tuple[str, ...]
    error: UserError
