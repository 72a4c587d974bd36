"""The frames that a description is shown together: the newest, and those described before it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.events import Frame


@dataclass(slots=True)
class Recent:
    """At most `count` frames, oldest first."""

    count: int = 1
    kept: deque[Frame] = field(default_factory=deque, init=False)

    @property
    def frames(self) -> Sequence[Frame]:
        return tuple(self.kept)

    def add(self, frame: Frame, *, is_other: bool) -> None:
        """`frame` takes the place of the last one, unless it `is_other`: shows something else."""
        if self.kept and not is_other:
            self.kept.pop()
        while len(self.kept) >= self.count:
            self.kept.popleft()
        self.kept.append(frame)

    def clear(self) -> None:
        self.kept.clear()
