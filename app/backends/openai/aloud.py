"""What of an answer is meant to be heard: all but what a reasoning model says to itself, however it is cut."""

THOUGHTS = {"<think>": "</think>", "<thinking>": "</thinking>", "[THINK]": "[/THINK]"}
"""What opens them and what ends them, where a server leaves them in the answer."""


class ThinksAloud(ValueError):
    """Thoughts have ended that were never seen to begin: they have been taken for the answer."""


class Aloud:
    """Takes text as it comes, and gives what may be spoken; what may be the beginning of a mark is held back."""

    def __init__(self) -> None:
        self.held = ""
        self.until = ""
        """What ends the thought under way; empty outside of one."""
        self.has_thought = False

    def add(self, text: str) -> str:
        """Raises ThinksAloud."""
        self.held += text
        said = ""
        while mark := self._first():
            before, _, self.held = self.held.partition(mark)
            said += "" if self.until else before
            self._turn(mark)
        return said + self._safe()

    def finish(self) -> str:
        """What was held back, and is no mark after all."""
        rest, self.held = ("" if self.until else self.held), ""
        return rest

    @property
    def _marks(self) -> tuple[str, ...]:
        return (self.until,) if self.until else (*THOUGHTS, *THOUGHTS.values())

    def _first(self) -> str:
        """The first whole mark in what is held."""
        found = [mark for mark in self._marks if mark in self.held]
        return min(found, key=self.held.index, default="")

    def _turn(self, mark: str) -> None:
        if mark not in THOUGHTS and not self.until:
            raise ThinksAloud
        self.until = THOUGHTS.get(mark, "")
        self.has_thought = True

    def _safe(self) -> str:
        """Takes out all but the longest end that a mark may begin with; nothing of a thought is given."""
        most = max(map(len, self._marks))
        ends = (self.held[-size:] for size in range(min(most, len(self.held)), 0, -1))
        kept = next((end for end in ends if any(mark.startswith(end) for mark in self._marks)), "")
        safe, self.held = self.held[: len(self.held) - len(kept)], kept
        return "" if self.until else safe
