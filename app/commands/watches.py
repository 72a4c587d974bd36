"""What is watched for, and what happens then."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vigil:
    """How things are watched for."""

    lasting_s: float = 0.0
    cooldown_s: float = 0.0
    then: str | None = None
    """A command that is run when one begins."""
