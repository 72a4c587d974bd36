"""How often to look: a throttle on the source's own time, so that a file read fast is paced as it was filmed."""

from dataclasses import dataclass, field

from app.flow import Frame


@dataclass(slots=True)
class Pace:
    """Lets a frame through when `every` seconds of the source have passed since the last one let through."""

    every: float
    """Seconds of the source."""
    last: float | None = field(default=None, init=False)

    def is_due(self, frame: Frame) -> bool:
        return self.last is None or frame.media_s - self.last >= self.every or frame.media_s < self.last

    def took(self, frame: Frame) -> None:
        """`frame` was described: the next look is `every` seconds from it."""
        self.last = frame.media_s
