"""What is watched for, and what happens then."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.watching import Watch


@dataclass(frozen=True, slots=True)
class Vigil:
    """How things are watched for."""

    lasting_s: float = 0.0
    cooldown_s: float = 0.0
    then: str | None = None
    """A command that is run when one begins."""

    def over(self, wishes: Sequence[str]) -> Sequence[Watch]:
        return [Watch(wish, self.lasting_s, self.cooldown_s) for wish in wishes]
