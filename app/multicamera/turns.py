"""Whose turn it is: of those that are ready and that nobody is busy with, the one that had its turn longest ago.

Shared by the source of several cameras, which takes turns, and the crowd, which says when one has ended and whether it
came to nothing: a change that has yet to come to rest is looked at again before those whose turn comes later.
"""

from collections.abc import Iterable
from threading import Condition


class Turns:
    """Of all cameras, by name. Any thread may use it."""

    def __init__(self, names: Iterable[str]) -> None:
        self.changed = Condition()
        """Notified when a turn has ended: a camera that was busy no longer is."""
        self.count = 0
        self.had: dict[str, int] = dict.fromkeys(names, 0)
        """When each had its last turn, on the count of all turns."""
        self.before = dict(self.had)
        """And the one before."""
        self.busy: set[str] = set()
        """Whose turn is going on."""

    def are_any(self, ready: Iterable[str]) -> bool:
        """Whether one of those that are ready can have a turn now."""
        with self.changed:
            return not self.busy.issuperset(ready)

    def next(self, ready: Iterable[str]) -> str | None:
        """The one whose turn it is; it has had it now. None: nobody is ready, or all who are have theirs still."""
        with self.changed:
            wanted = set(ready) - self.busy
            name = min((each for each in self.had if each in wanted), key=self.had.__getitem__, default=None)
            if name is not None:
                self._had(name)
            return name

    def begin(self, name: str) -> bool:
        """Its turn goes on until it is ended or kept; False: it does already."""
        with self.changed:
            is_free = name not in self.busy
            self.busy.add(name)
            return is_free

    def end(self, name: str) -> None:
        """It has had its turn."""
        with self.changed:
            self._had(name)
            self._free(name)

    def keep(self, name: str) -> None:
        """Its last turn does not count."""
        with self.changed:
            self.had[name] = self.before[name]
            self._free(name)

    def _had(self, name: str) -> None:
        self.count += 1
        self.before[name], self.had[name] = self.had[name], self.count

    def _free(self, name: str) -> None:
        self.busy.discard(name)
        self.changed.notify_all()
