"""Interface for controlling a run from outside, such as from the page; app/commands/page.py implements it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.live.wishes import Wish

Verdict = Literal["sees", "refused", "not looked at yet", "not installed"]


@dataclass(frozen=True, slots=True)
class Camera:
    """A source that can be looked at."""

    source: str
    """As `Steer.switch` takes it."""
    name: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model that looksay knows, and what is known of it."""

    name: str
    is_installed: bool
    fits: bool | None
    """Whether this machine has the memory for it; None where nobody knows."""
    verdict: Verdict
    """What the check and the sight test have said of it."""
    words: str
    """One line for people."""


class Steer(Protocol):
    """Every method may be called by any thread; those that list take their time."""

    def carry_out(self, wishes: Iterable[Wish]) -> None: ...

    def switch(self, source: str | None, model: str | None) -> None:
        """Go over to another source, another model, or both. It is told when that has happened, or why it has not.

        Raises:
            UserError: there is no such source, or the model is not installed.
        """
        ...

    def cameras(self) -> Sequence[Camera]: ...

    def models(self) -> Sequence[Model]: ...
