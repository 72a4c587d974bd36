"""The meaning of a text, as far as it can be compared: things with words and counts, and the links between them."""

from dataclasses import dataclass, field

INVERSE = {"rightof": "leftof", "below": "above", "behind": "infront"}
"""Links that are stored the other way round."""


@dataclass(slots=True)
class Thing:
    """One thing that a text mentions."""

    name: str
    count: int | None = 1
    """None: several."""
    words: set[str] = field(default_factory=set)
    """What it is like, and what it does."""
    places: set[str] = field(default_factory=set)
    """Where in the picture it is."""


Link = tuple[int, str, int]
"""The number of a thing, how it is linked, the number of the thing that it is linked to."""


@dataclass(slots=True)
class Meaning:
    """The meaning of a text."""

    things: list[Thing] = field(default_factory=list)
    links: set[Link] = field(default_factory=set)
    subjects: list[frozenset[int]] = field(default_factory=list)
    """The subjects of each clause."""
    lists: list[frozenset[int]] = field(default_factory=list)
    """Things named in one list."""

    def link(self, one: int, how: str, other: int) -> None:
        if one != other:
            self.links.add((other, INVERSE[how], one) if how in INVERSE else (one, how, other))
