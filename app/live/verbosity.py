"""How much is said: three levels. Short while the scene moves, longer once it is still."""

from dataclasses import dataclass

LONG_PROMPT = "Describe the picture in detail."
LONGER = 3
"""Times as many tokens for a long description."""


@dataclass(frozen=True, slots=True)
class Verbosity:
    """One level."""

    name: str
    moving: int
    """Sentences that are told of one description while the scene moves."""
    still: int
    """… and once it is still."""
    least_s: float = 0.0
    """The least time between two looks, in seconds of the source."""
    is_long: bool = False
    """Whether a still scene is described at length."""
    tells_of_quiet: bool = True
    """Whether it is said in words that nothing is new."""

    def sentences(self, *, is_still: bool) -> int:
        return self.still if is_still else self.moving


QUIET = Verbosity("quiet", 1, 1, least_s=5.0, tells_of_quiet=False)
BRIEF = Verbosity("brief", 1, 2)
FULL = Verbosity("full", 1, 8, is_long=True)
LEVELS = (QUIET, BRIEF, FULL)


def level(name: str) -> Verbosity:
    return next(each for each in LEVELS if each.name == name)


def louder(now: Verbosity, steps: int) -> Verbosity:
    """So many levels up, or down; the first or the last where there are no more."""
    return LEVELS[min(max(LEVELS.index(now) + steps, 0), len(LEVELS) - 1)]
