"""The inputs of `describe`: the questions that they make, and the frames for each."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import SourceError, UsageError
from app.events import Frame
from app.files import readable, user_path
from app.image_files import expand, picture
from app.image_files.clip import WHOLE, Stretch, is_video, watched
from app.image_files.fetch import LIMITS, Limits
from app.image_files.find import is_remote, json_name
from app.text import join_times

Question = tuple[str, ...]
"""One picture or clip as the user names it, or several pictures."""


@dataclass(frozen=True, slots=True)
class InputFrames:
    """The frames of one question."""

    names: tuple[str, ...]
    """As in JSON: real names of files, addresses without passwords."""
    frames: tuple[Frame, ...]
    """Oldest first."""
    is_clip: bool = False
    notes: tuple[str, ...] = ()
    """Remarks about it."""

    @property
    def moments(self) -> tuple[float, ...]:
        """Of a clip: when its frames are shown, in seconds from its beginning."""
        return tuple(each.media_s for each in self.frames) if self.is_clip else ()

    @property
    def when(self) -> str:
        return f"at {join_times(self.moments)}" if self.is_clip else ""


@dataclass(frozen=True, slots=True)
class InputOptions:
    """How the inputs of a run are read."""

    limits: Limits = LIMITS
    stretch: Stretch = WHOLE
    """The part of a clip to describe."""
    note: str = ""
    """A remark on every clip."""
    together: int = 0
    """The most pictures of one question that shows all of them; 0: a question for each."""

    def questions(self, whats: Sequence[str]) -> list[Question]:
        """One for each picture, or one for all.

        Raises:
            UsageError: they are more than the model can be shown at once, or one cannot be read twice.
        """
        if list(whats).count("-") > 1:
            raise UsageError("standard input is named twice, and can be read once", "leave one - out")
        named = [name for what in whats for name in expand(what)]
        if not self.together:
            return [(name,) for name in named]
        if len(named) > self.together:
            most = "one picture" if self.together == 1 else f"at most {self.together} pictures"
            raise UsageError(
                f"the model can be shown {most} with one question, and these are {len(named)}",
                "name fewer, leave out --together, or use another --model",
            )
        return [tuple(named)]

    def names(self, question: Question) -> tuple[str, ...]:
        """The names for JSON, also of what cannot be read."""
        return tuple(json_name(each) for each in question)

    def read(self, question: Question) -> InputFrames:
        """Read the frames. Raises SourceError if one cannot be read, is no picture, or is a clip where none can be."""
        names = self.names(question)
        if any(self.is_clip(each) for each in question):
            return self.clip(question, names)
        if self.stretch.has_times:
            raise SourceError(
                f"{readable(names[0])} is a picture, and --from and --to are for videos",
                "leave them out; the name of a file for the results ends in .jsonl",
            )
        seen = [picture(each, self.limits).pixels for each in question]
        return InputFrames(names, tuple(Frame(each, time.monotonic(), 0.0, number) for number, each in enumerate(seen)))

    def is_clip(self, what: str) -> bool:
        return not is_remote(what) and is_video(user_path(what, SourceError))

    def clip(self, question: Question, names: tuple[str, ...]) -> InputFrames:
        if self.together:
            clip = readable(names[[self.is_clip(each) for each in question].index(True)])
            raise SourceError(
                f"{clip} is a video, and --together is for pictures",
                "name it alone: the model is shown several moments of a video anyway",
            )
        seen = watched(user_path(question[0], SourceError), readable(names[0]), self.stretch)
        frames = (Frame(each.pixels, time.monotonic(), each.at_s, at) for at, each in enumerate(seen.moments))
        return InputFrames(names, tuple(frames), is_clip=True, notes=(*seen.notes, *filter(None, [self.note])))


AS_NAMED = InputOptions()
