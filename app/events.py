"""What flows through looksay: frames, chunks of text, sentences and notices to outputs, commands to the narrator.

source ──Frame──▶ change ──▶ describer ──Chunk──▶ sentences ──Sentence──▶ outputs
keyboard, page ──Command──▶ queue ──▶ narrator
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

from app.clock import CLOCK
from app.jsonfile import as_line
from app.text import sanitize

if TYPE_CHECKING:
    from app.images import Pixels

Record = dict[str, Any]
"""A sentence or a notice as one flat JSON object, for logs and `--json`; the names of its keys are public."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom: shares of the picture, 0 to 1."""
LONGEST_QUESTION = 300
"""Characters; a cat on the keyboard types more."""


# Frames


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
    """Its camera's name, with several cameras."""

    @property
    def view(self) -> "Pixels":
        """See `FrameView.view`."""
        return self.pixels

    def copy(self) -> "Frame":
        """See `FrameView.copy`; this frame owns its pixels already."""
        return self

    def without_pixels(self) -> "Frame":
        """The same frame with an empty picture: for queues that must not hold on to pictures."""
        return replace(self, pixels=self.pixels[:0, :0].copy())


@dataclass(frozen=True, slots=True)
class FrameView:
    """A frame still in its source's memory: looked at in place, and copied only if it is wanted."""

    view: "Pixels"
    """H×W×3, uint8, the colours in the source's own order. A newer picture may be written over it while it is read."""
    seen_at: float
    media_s: float
    number: int
    make_copy: "Callable[[], Pixels | None]"
    """Makes its pixels, RGB; None if a newer picture has been written over it."""
    camera: str = ""

    def copy(self) -> Frame | None:
        """The frame with pixels of its own. Not None: `view` has been whole until now, too."""
        pixels = self.make_copy()
        return None if pixels is None else Frame(pixels, self.seen_at, self.media_s, self.number, self.camera)


AnyFrame = Frame | FrameView
"""A frame as a source yields it."""


def thumbnail_name(frame: Frame) -> str:
    """The file name of a frame's thumbnail: `20261121-140305-123-41.jpg`, its local time and number.

    With several cameras a checksum of the camera's name follows, as two may take a frame at the same time. Empty if
    the frame has no time.
    """
    at = CLOCK.at(frame.seen_at)
    if at is None:
        return ""
    camera = f"-{crc32(frame.camera.encode()):08x}" if frame.camera else ""
    return f"{at:%Y%m%d-%H%M%S}-{at.microsecond // 1000:03}-{frame.number}{camera}.jpg"


# Descriptions


@dataclass(frozen=True, slots=True)
class Request:
    """What a describer is asked: frames (oldest first), words, and a limit."""

    frames: Sequence[Frame]
    prompt: str
    max_tokens: int = 64


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
    """Tokens proposed from the last description and verified in one forward pass (speculative decoding)."""
    draft_accepted: int = 0
    """Those of them that the model accepted."""
    encoded: int = 0
    """Frames that went through the vision tower; features of the others were cached."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A few more characters of a description, with the cost so far."""

    text: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Banner:
    """What a part says about itself at the start: a name, and lines on whatever is less than it could be."""

    name: str
    warnings: tuple[str, ...] = field(default=())


# Events, for outputs

SentenceKind = Literal["scene", "change", "answer", "alert"]


@dataclass(frozen=True, slots=True)
class PartialSentence:
    """The sentence in the making, as far as it has come."""

    text: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Sentence:
    """A whole sentence and the frame it describes."""

    text: str
    kind: SentenceKind
    frame: Frame
    frame_age_s: float
    """Age of the frame when the description's first word was out."""
    cost: Cost
    frames_described: int
    """Descriptions so far, this one included."""
    about: str = ""
    """The question, of an answer; what is watched for, of an alert."""

    def to_json(self, thumbnails: str = "") -> Record:
        """The record in logs and `--json`, without the picture. `thumbnails`: their folder beside the log."""
        frame, cost = self.frame, self.cost
        thumbnail = thumbnail_name(frame) if thumbnails else ""
        return {
            "event": "sentence",
            "kind": self.kind,
            "text": sanitize(self.text),
            **({"about": sanitize(self.about)} if self.about else {}),
            **({"camera": sanitize(frame.camera)} if frame.camera else {}),
            "time": local_time(frame.seen_at),
            "media_s": rounded(frame.media_s),
            "seen_at": rounded(frame.seen_at),
            "frame_age_s": rounded(self.frame_age_s),
            "first_word_s": rounded(cost.first_word_s),
            "total_s": rounded(cost.total_s),
            "tokens": cost.tokens,
            "image_tokens": cost.image_tokens,
            "forwards": cost.forwards,
            "drafted": cost.drafted,
            "draft_accepted": cost.draft_accepted,
            "frames_seen": frame.number + 1,
            "frames_described": self.frames_described,
            **({"thumbnail": f"{thumbnails}/{thumbnail}"} if thumbnail else {}),
        }


@dataclass(frozen=True, slots=True)
class Notice:
    """What is not a description: a camera lost, a model loading. Never passed off as one."""

    kind: str
    """A word or two for scripts: `loading`, `ready`, `camera lost`, `dark`, `covered`, `nothing new`, `error`, …"""
    text: str
    hint: str = ""
    camera: str = ""

    def to_json(self, at: float) -> Record:
        """The record in logs and `--json`; `at` (monotonic seconds): when it was given."""
        return {
            "event": "notice",
            "kind": self.kind,
            "text": sanitize(self.text),
            "remedy": sanitize(self.hint),
            **({"camera": sanitize(self.camera)} if self.camera else {}),
            "time": local_time(at),
            "seen_at": rounded(at),
        }


SOUND_ONLY = ("looking",)
"""Kinds of notices that are heard as an earcon and not shown."""


def json_line(event: Sentence | Notice, at: float, thumbnails: str = "") -> str:
    """The record as a line of JSON without its newline. `at` (monotonic seconds): when a notice was given."""
    record = event.to_json(at) if isinstance(event, Notice) else event.to_json(thumbnails)
    return as_line(record, allow_nan=False)


def local_time(moment: float) -> str | None:
    """ISO 8601 local time with milliseconds and offset, of monotonic seconds; None if it is no time."""
    at = CLOCK.at(moment)
    return at.isoformat(timespec="milliseconds") if at else None


def rounded(value: float) -> float | None:
    """Seconds to a tenth of a millisecond; None for what is not finite, as JSON has no word for it."""
    return round(float(value), 4) if math.isfinite(value) else None


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
    """Tokens proposed by speculative decoding, over all descriptions."""
    draft_accepted: int = 0
    cameras: int = 1
    """How many cameras it sums up."""


@dataclass(frozen=True, slots=True)
class QuestionDraft:
    """A question while it is typed."""

    text: str
    """As far as it has come."""
    is_over: bool = False
    """It has been asked, or cancelled."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The end of the answer to a question."""

    question: str = ""
    """Empty for a longer description, which asks nothing in words."""


@dataclass(frozen=True, slots=True)
class Mute:
    """Speak nothing but answers, at once (`is_on`), or everything again."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class VoiceToggled:
    """The voice was switched on or off."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Repeated:
    """Give this sentence again (`RepeatLast`)."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class FramePreview:
    """A frame for interactive outputs such as the page, with what is known of it before any model is asked."""

    frame: Frame
    boxes: Sequence[Box] = ()
    """Regions that differ from the frame described last."""
    is_still: bool = False
    """Nothing moves in it."""
    trouble: str = ""
    """What keeps the camera from seeing: dark, covered, frozen, blurred; or empty."""


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """The settings that can change during a run: at first as the flags say, then as people change them."""

    prompt: str = ""
    """The prompt for each frame; empty: the model's own."""
    verbosity: str = "brief"
    every: float | None = None
    """Seconds of the source between two looks, at least; None: the default pace."""
    watches: tuple[str, ...] = ()
    is_stopped: bool = False
    """Narration is paused."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A source and a model are at work."""

    source: str
    """As a person would name it: `camera:FaceTime HD`, `scenes`."""
    camera: str
    """Its own name."""
    model: str
    """As a person would name it."""
    describer: str
    """Its own name."""
    prompt: str
    """The model's own prompt for each frame."""
    warnings: tuple[str, ...] = ()
    """All that is less than it could be."""


RunEvent = (
    PartialSentence
    | Sentence
    | Notice
    | Status
    | QuestionDraft
    | Mute
    | Repeated
    | Answered
    | FramePreview
    | LiveSettings
    | RunStarted
    | VoiceToggled
)
"""What an output is given."""


# What the page can choose from

Verdict = Literal["sees", "refused", "not looked at yet", "not installed"]
"""What the check and the vision test have said of a model."""


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """A source that the page offers."""

    source: str
    """As `RunControls.switch` takes it."""
    name: str


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that the page offers, and what is known of it."""

    name: str
    is_installed: bool
    fits: bool | None
    """Whether this machine has the memory for it; None: unknown."""
    verdict: Verdict
    words: str
    """One line for people."""


# Commands, from keyboard and page


@dataclass(frozen=True, slots=True)
class Pause:
    """Pause the narration or resume it; None: whichever it is not."""

    is_paused: bool | None = None


@dataclass(frozen=True, slots=True)
class BeginQuestion:
    """Keep the frame of this moment, and be silent until a question is asked or cancelled."""


@dataclass(frozen=True, slots=True)
class EditQuestion:
    """Show a question while it is typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer this about the frame of `BeginQuestion`, or about the newest."""

    question: str


@dataclass(frozen=True, slots=True)
class CancelQuestion:
    """Drop the question that was begun."""


@dataclass(frozen=True, slots=True)
class DescribeMore:
    """Describe in detail what was described last."""


@dataclass(frozen=True, slots=True)
class RepeatLast:
    """Repeat the last sentence."""


@dataclass(frozen=True, slots=True)
class ChangeVerbosity:
    """Say more from now on, or less."""

    steps: int
    """Levels of verbosity: 1 is one up, -1 one down."""


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """Change live settings."""

    changes: Mapping[str, Any]
    """Fields of `LiveSettings`, by name."""


@dataclass(frozen=True, slots=True)
class SetVoice:
    """Switch the voice on or off."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Quit:
    """End the run."""


Command = (
    Pause
    | BeginQuestion
    | EditQuestion
    | Ask
    | CancelQuestion
    | DescribeMore
    | RepeatLast
    | ChangeVerbosity
    | UpdateSettings
    | SetVoice
    | Quit
)
"""What a person can ask of a run, by key or on the page."""
