"""Whose turn it is: of those that are ready, the one that had its turn longest ago.

Shared by the source of several cameras, which takes turns, and the crowd, which says when one came to nothing: a change
that has yet to come to rest is looked at again before those whose turn comes later.
"""

from collections.abc import Iterable


class Turns:
    """Of all cameras, by name. Any thread may use it."""

    def __init__(self, names: Iterable[str]) -> None:
        self.count = 0
        self.had: dict[str, int] = dict.fromkeys(names, 0)
        """When each had its last turn, on the count of all turns."""
        self.before = dict(self.had)
        """And the one before."""

    def next(self, ready: Iterable[str]) -> str | None:
        """The one whose turn it is; it has had it now. None: nobody is ready."""
        wanted = set(ready)
        name = min((each for each in self.had if each in wanted), key=self.had.__getitem__, default=None)
        if name is not None:
            self.end(name)
        return name

    def end(self, name: str) -> None:
        """It has had its turn."""
        self.count += 1
        self.before[name], self.had[name] = self.had[name], self.count

    def keep(self, name: str) -> None:
        """Its last turn does not count."""
        self.had[name] = self.before[name]
