"""What flows through looksay, defined once: frames, pieces of text, sentences, notices, and the seams between rooms.

    source ──Frame──▶ gate ──▶ describer ──Piece──▶ sentences ──Sentence──▶ outputs

Nothing here does anything; rooms import this module and never one another.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Literal, Protocol

from app.shown import Answered, Glimpse, Looking, Setup, Voicing

if TYPE_CHECKING:
    from app.pixels import Pixels


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from a source."""

    pixels: "Pixels"
    """RGB, H×W×3, uint8."""
    seen_at: float
    """Monotonic seconds, when the source took it."""
    media_s: float
    """Its place in the source, in seconds from the source's start."""
    number: int
    """Counted from 0 over every frame the source took, dropped ones too."""
    camera: str = ""
    """Its name, where there are several."""

    @property
    def view(self) -> "Pixels":
        """See `Passing.view`."""
        return self.pixels

    def kept(self) -> "Frame":
        """See `Passing.kept`."""
        return self


@dataclass(frozen=True, slots=True)
class Passing:
    """A frame still in its source's memory: looked at in place, and copied only if it is wanted."""

    view: "Pixels"
    """H×W×3, uint8, the colours in the source's own order. A newer picture may be written over it while it is read."""
    seen_at: float
    media_s: float
    number: int
    copied: "Callable[[], Pixels | None]"
    """Makes its pixels, RGB; None if a newer picture has been written over it."""
    camera: str = ""

    def kept(self) -> Frame | None:
        """The frame with pixels of its own. Not None: `view` has been whole until now, too."""
        pixels = self.copied()
        return None if pixels is None else Frame(pixels, self.seen_at, self.media_s, self.number, self.camera)


Seen = Frame | Passing
"""A frame as a source shows it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one description has cost so far."""

    first_word_s: float = 0.0
    """Seconds from the start of inference to the first word."""
    total_s: float = 0.0
    """Seconds from the start of inference to now."""
    tokens: int = 0
    image_tokens: int = 0
    forwards: int = 0
    """Passes through the language model, prefill included."""
    drafted: int = 0
    """Tokens that were guessed from the last description, and shown to the language model together."""
    draft_accepted: int = 0
    """Those of them that it would have said."""
    encoded: int = 0
    """Frames that went through the vision tower; the others' features were kept."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A few more characters of a description, with what they cost so far."""

    text: str
    cost: Cost


SentenceKind = Literal["scene", "change", "answer", "alert"]


@dataclass(frozen=True, slots=True)
class Growing:
    """The sentence in the making, as far as it has come."""

    text: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Sentence:
    """A whole sentence and the frame it tells of."""

    text: str
    kind: SentenceKind
    frame: Frame
    frame_age_s: float
    """Age of the frame when the description's first word was out."""
    cost: Cost
    frames_described: int
    """Descriptions so far, this one included."""
    about: str = ""
    """What was asked, of an answer; what is watched for, of an alert."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is not a description: a camera lost, a model loading. Never passed off as one."""

    kind: str
    """A word or two for scripts: `loading`, `ready`, `camera lost`, `dark`, `covered`, `nothing new`, `error`, …"""
    text: str
    remedy: str = ""
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """How the narrator is doing."""

    camera_fps: float
    frames_seen: int
    frames_described: int
    first_word_s: float
    tokens_per_s: float
    memory_bytes: int
    """The most that the process has held so far."""
    drafted: int = 0
    """Tokens guessed from the last description, over all descriptions."""
    draft_accepted: int = 0
    cameras: int = 1
    """How many cameras it sums up."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A question in the making: a person is typing it."""

    text: str
    """As far as it has come."""
    is_over: bool = False
    """It has been asked, or given up."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A person wants to hear nothing but answers, at once, or to hear everything again."""

    is_wanted: bool


@dataclass(frozen=True, slots=True)
class Again:
    """A person wants to hear this sentence once more."""

    sentence: Sentence


Happening = (
    Growing | Sentence | Notice | Status | Asking | Silence | Again | Answered | Glimpse | Setup | Looking | Voicing
)
"""What an output is told."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a describer is asked: frames (oldest first), words, and a limit."""

    frames: Sequence[Frame]
    prompt: str
    max_tokens: int = 64


@dataclass(frozen=True, slots=True)
class Banner:
    """What a part says about itself at the start: a name, and lines on whatever is less than it could be."""

    name: str
    warnings: tuple[str, ...] = field(default=())


class Source(Protocol):
    """Where frames come from. Every frame yielded is the newest one; those missed in between are dropped."""

    @property
    def banner(self) -> Banner: ...

    def frames(self, stop: Event) -> Generator[Seen | Notice]:
        """Yield frames, and notices in between, until the source ends or `stop` is set.

        Raises:
            SourceError: it cannot be opened, with the remedy.
        """
        ...


class Describer(Protocol):
    """What turns frames into words. Used by one thread, the one that made it."""

    @property
    def banner(self) -> Banner: ...

    def describe(self, request: Request) -> Generator[Piece]:
        """Yield the description as it comes; to cancel, close the iterator.

        Raises:
            ModelError: the model failed, with the remedy.
        """
        ...

    def close(self) -> None:
        """Give back what the thread holds; may be called twice."""
        ...


class Output(Protocol):
    """Where happenings go. `tell` never blocks."""

    @property
    def banner(self) -> Banner: ...

    def tell(self, happening: Happening) -> None: ...

    def close(self) -> None:
        """Finish what must be finished, stop the rest at once; may be called twice."""
        ...
