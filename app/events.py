"""What flows through looksay: frames, pieces of text, sentences, notices, and the commands of people.

source ──Frame──▶ change ──▶ describer ──Piece──▶ sentences ──Sentence──▶ outputs
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from app.images import Pixels

Box = tuple[float, float, float, float]
"""Left, top, right, bottom: shares of the picture, 0 to 1."""


@dataclass(frozen=True, slots=True)
class FramePreview:
    """A frame for those who look on, and what is thought of it before any model is asked."""

    frame: "Frame"
    boxes: Sequence[Box] = ()
    """Where it differs from the frame that was described last."""
    is_still: bool = False
    """Nothing moves in it."""
    trouble: str = ""
    """What keeps the camera from seeing: dark, covered, frozen, blurred; or nothing."""


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How the narrator is set at present, by its flags at first and then by what people want."""

    prompt: str = ""
    """What is asked of each frame; empty: what the model's card says."""
    verbosity: str = "brief"
    every: float | None = None
    """Seconds of the source between two looks, at least; None: as the narrator finds right."""
    watches: tuple[str, ...] = ()
    is_stopped: bool = False


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A source and a model have been put to work."""

    source: str
    """As a person would name it: `camera:FaceTime HD`, `scenes`."""
    camera: str
    """What it calls itself."""
    model: str
    """As a person would name it."""
    describer: str
    """What it calls itself."""
    prompt: str
    """What this model is asked of each frame where nobody wants it to be asked otherwise."""
    warnings: tuple[str, ...] = ()
    """All that is less than it could be."""


@dataclass(frozen=True, slots=True)
class VoiceToggled:
    """A person wants a voice, or none."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """All has been said that there is to say to a question, if anything."""

    question: str = ""
    """Empty: nobody has put one in words, but wanted to hear more."""


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
        """See `FrameView.view`."""
        return self.pixels

    def copy(self) -> "Frame":
        """See `FrameView.copy`."""
        return self


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
class Chunk:
    """A few more characters of a description, with what they cost so far."""

    text: str
    cost: Cost


SentenceKind = Literal["scene", "change", "answer", "alert"]


@dataclass(frozen=True, slots=True)
class PartialSentence:
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
    hint: str = ""
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
class QuestionDraft:
    """A question in the making: a person is typing it."""

    text: str
    """As far as it has come."""
    is_over: bool = False
    """It has been asked, or given up."""


@dataclass(frozen=True, slots=True)
class Mute:
    """A person wants to hear nothing but answers, at once, or to hear everything again."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Repeated:
    """A person wants to hear this sentence once more."""

    sentence: Sentence


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


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop narrating, or go on."""

    is_paused: bool

    def of(self, setup: LiveSettings) -> LiveSettings:
        return replace(setup, is_stopped=self.is_paused)


@dataclass(frozen=True, slots=True)
class BeginQuestion:
    """A question begins: keep the frame of this moment, and say nothing until it is asked or given up."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer this about the frame that was kept, or about the newest."""

    question: str


@dataclass(frozen=True, slots=True)
class CancelQuestion:
    """The question was given up."""


@dataclass(frozen=True, slots=True)
class DescribeMore:
    """Describe at length what was described last."""


@dataclass(frozen=True, slots=True)
class RepeatLast:
    """Say the last sentence once more."""


@dataclass(frozen=True, slots=True)
class ChangeVerbosity:
    """Say more from now on, or less."""

    steps: int
    """Levels of verbosity: 1 is one up, -1 one down."""


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """Set it otherwise from now on."""

    changes: Mapping[str, Any]
    """Fields of `LiveSettings`, by name."""

    def of(self, setup: LiveSettings) -> LiveSettings:
        return replace(setup, **self.changes)


Order = Pause | BeginQuestion | Ask | CancelQuestion | DescribeMore | RepeatLast | ChangeVerbosity | UpdateSettings
PRESSING, CUTTING = (Pause, BeginQuestion, Ask), (Pause, BeginQuestion)
"""A description is left unfinished for these, and an answer: a question that is whole waits until that is given."""


@dataclass(slots=True)
class CommandQueue:
    """Those that wait, in order."""

    waiting: deque[Order] = field(default_factory=deque, init=False)
    lock: Lock = field(default_factory=Lock, init=False)
    is_paused: bool = field(default=False, init=False)
    """What was wanted last: whoever gives the next order may not have given this one."""

    def give(self, order: Order) -> None:
        with self.lock:
            self.waiting.append(order)
            if isinstance(order, Pause):
                self.is_paused = order.is_paused

    def give_back(self, order: Order) -> None:
        """What was begun is to be begun anew, before all that waits."""
        with self.lock:
            self.waiting.appendleft(order)

    def each(self) -> Iterator[Order]:
        """Those that wait, one at a time, the oldest first: what comes meanwhile comes too."""
        while self.waiting:
            with self.lock:
                order = self.waiting.popleft()
            yield order

    @property
    def are_pressing(self) -> bool:
        """Whether one waits that can wait no longer. Asked at every word."""
        return any(isinstance(order, PRESSING) for order in tuple(self.waiting))

    @property
    def are_cutting(self) -> bool:
        """The same, where an answer is being given."""
        return any(isinstance(order, CUTTING) for order in tuple(self.waiting))
