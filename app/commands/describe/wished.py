"""What the command line of `describe` wishes, beyond what every command knows."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from app.errors import UsageError
from app.image_files.clip import MOST, Stretch
from app.image_files.fetch import Limits
from app.image_files.inputs import Roads
from app.text import format_time


@dataclass(frozen=True, slots=True)
class Wished:
    """As it was typed."""

    ask: str | None = None
    together: bool = False
    allow_private: bool = False
    moments: int | None = None
    start: float | None = None
    until: Sequence[float | Path] | None = None
    """Ends of a stretch, and files to write to."""

    @classmethod
    def of(cls, given: Namespace) -> Self:
        """Raises UsageError for what makes no sense together."""
        wished = cls(**{each.name: getattr(given, each.name) for each in fields(cls)})
        wished.check()
        return wished

    @property
    def end(self) -> float | None:
        return next((each for each in self.until or () if isinstance(each, float)), None)

    @property
    def file(self) -> Path | None:
        return next((each for each in self.until or () if isinstance(each, Path)), None)

    def check(self) -> None:
        if len(self.until or ()) > (self.end is not None) + (self.file is not None):
            raise UsageError("there are two --to of the same kind", "give one time and one file at most")
        if self.end is not None and self.end <= (self.start or 0.0):
            raise UsageError(
                f"--to {format_time(self.end)} is not behind --from {format_time(self.start or 0.0)}",
                "give a time behind it; a file to write to ends in .jsonl",
            )
        if self.file and self.together:
            raise UsageError(
                "--together gives one answer, and a file has one line a picture",
                "leave one of them out; one answer can be kept with --json > FILE",
            )

    def roads(self, called: str, frames: int) -> Roads:
        """For a model that can be shown so many frames at once.

        Raises:
            UsageError: it is to be shown more.
        """
        if self.moments and self.moments > frames:
            most = "one frame" if frames == 1 else f"at most {frames} frames"
            raise UsageError(f"{called} can be shown {most} at once", "take a smaller --frames, or another --model")
        stretch = Stretch(self.moments or min(frames, MOST), self.start or 0.0, self.end)
        alone = f"{called} can be shown one frame at once, so a video is judged by a single moment of it"
        note = alone if frames == 1 and not self.moments else ""
        limits = Limits(allow_private=self.allow_private)
        return Roads(limits, stretch, note, frames if self.together else 0)

    def asked(self) -> dict[str, Any]:
        """What of it must be the same for all lines of a file."""
        return {"question": self.ask, "frames": self.moments, "from_s": self.start, "to_s": self.end}
