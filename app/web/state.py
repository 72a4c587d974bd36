"""What the page shows, kept as it happens, so that every window sees the same, and one that comes late misses nothing.

Pure: no server, no clock of its own, no lock; one thread uses it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.events import (
    SOUND_ONLY,
    Frame,
    FramePreview,
    LiveSettings,
    Notice,
    PartialSentence,
    QuestionDraft,
    Repeated,
    RunEvent,
    RunStarted,
    Sentence,
    Status,
    VoiceToggled,
)
from app.text import sanitize
from app.web.events import Event

KEPT = 200
"""Sentences and notices that a window finds when it comes."""
BLOCKED = ("dark", "covered", "frozen", "blurred", "clear")
"""Notices that say whether the camera can see."""


@dataclass(slots=True)
class Board:
    """The state of one run, for people to see."""

    setup: LiveSettings = field(default_factory=LiveSettings)
    looking: RunStarted = field(default_factory=lambda: RunStarted("", "", "", "", ""))
    every_least: float = 0.4
    """Seconds between two looks that cannot be undercut."""
    voice: bool | None = None
    """Whether it speaks; None: it cannot."""
    is_loopback: bool = True
    is_filmed: bool = True
    """Whether the source runs at the pace of the clock."""
    has_thumbnails: bool = False
    is_switching: bool = False
    is_ready: bool = False
    trouble: str = ""
    status: Status | None = None
    growing: PartialSentence | None = None
    newest: Frame | None = None
    """The last frame that was told of."""
    count: int = 0
    said: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT))
    sentences: deque[Sentence] = field(default_factory=lambda: deque(maxlen=10_000))
    """For the downloads, without their pictures."""

    def take(self, happening: RunEvent, now: float) -> Sequence[Event]:
        """Note what has happened at `now` (monotonic s); what the windows are to be told of it."""
        match happening:
            case Sentence():
                return self.say(happening)
            case Notice():
                return self.notice(happening, now)
            case PartialSentence():
                self.growing, self.newest = happening, happening.frame
                return (grown(happening),)
            case Status():
                return self.count_along(happening)
            case FramePreview():
                self.newest = happening.frame
                return self.see(happening.trouble)
            case LiveSettings():
                self.setup = happening
                return (self.set(),)
            case RunStarted():
                self.looking, self.is_switching = happening, False
                return (self.set(),)
            case VoiceToggled():
                self.voice = happening.is_on
                return (self.set(),)
            case QuestionDraft():
                return (Event("asking", {"text": sanitize(happening.text), "is_over": happening.is_over}),)
            case Repeated():
                return tuple(Event("again", {"id": number}) for number in self.number_of(happening.sentence))
        return ()

    def say(self, sentence: Sentence) -> Sequence[Event]:
        self.growing, self.newest = None, sentence.frame
        self.sentences.append(replace(sentence, frame=sentence.frame.without_pixels()))
        data: dict[str, Any] = {"record": sentence.to_json()}
        if self.has_thumbnails:
            data["thumbnail"] = f"/api/thumbnails/{self.count + 1}.jpg"
        return self.keep("sentence", data, sentence.frame.seen_at), grown(None)

    def notice(self, notice: Notice, now: float) -> Sequence[Event]:
        """Also what it says of the run: that it is ready, that nothing was exchanged, that the camera cannot see."""
        more: list[Event] = []
        if notice.kind == "ready":
            self.is_ready = True
        if notice.kind == "not switched":
            self.is_switching = False
            more.append(self.set())
        if notice.kind in BLOCKED:
            more += self.see("" if notice.kind == "clear" else notice.kind)
        if notice.kind in (*SOUND_ONLY, "page"):  # where the page is, its readers know
            return more
        return self.keep("notice", {"record": notice.to_json(now)}, now), *more

    def keep(self, name: str, data: dict[str, Any], since: float) -> Event:
        self.count += 1
        event = Event(name, {"id": self.count, **data}, self.count, since)
        self.said.append(event)
        return event

    def count_along(self, status: Status) -> Sequence[Event]:
        """A status ends a description, too."""
        was_growing, self.status, self.growing = self.growing, status, None
        return (Event("status", asdict(status)), *([grown(None)] if was_growing else []))

    def see(self, trouble: str) -> Sequence[Event]:
        if trouble == self.trouble:
            return ()
        self.trouble = trouble
        return (Event("view", {"trouble": trouble}),)

    def switch(self, *, is_begun: bool) -> Event:
        """Another camera or model is being put to work, or it came to nothing."""
        self.is_switching = is_begun
        return self.set()

    def set(self) -> Event:
        return Event("setup", self.shown_setup)

    @property
    def shown_setup(self) -> dict[str, Any]:
        setup, looking = self.setup, self.looking
        return {
            "source": looking.source,
            "camera": sanitize(looking.camera),
            "model": looking.model,
            "model_name": sanitize(looking.describer),
            "prompt": setup.prompt or looking.prompt,
            "is_own_prompt": not setup.prompt,
            "verbosity": setup.verbosity,
            "every": setup.every or self.every_least,
            "every_least": self.every_least,
            "watches": list(setup.watches),
            "is_stopped": setup.is_stopped,
            "voice": self.voice,
            "thumbnails": self.has_thumbnails,
            "is_switching": self.is_switching,
        }

    def snapshot(self, now: float) -> dict[str, Any]:
        """All of it, for a window that comes."""
        return {
            "name": "looksay",
            "setup": self.shown_setup,
            "status": asdict(self.status) if self.status else None,
            "view": {"trouble": self.trouble},
            "growing": grown(self.growing).told(now),
            "said": [{"event": each.name, **each.told(now)} for each in self.said],
            "warnings": [sanitize(each) for each in self.looking.warnings],
            "is_ready": self.is_ready,
            "is_loopback": self.is_loopback,
        }

    def number_of(self, sentence: Sentence) -> Sequence[int]:
        """Under which it was told, if that is still kept."""
        record = sentence.to_json()
        return [each.number for each in self.said if each.data["record"] == record][-1:]


def grown(growing: PartialSentence | None) -> Event:
    """The sentence in the making; none, where it came to nothing or has been told."""
    if growing is None:
        return Event("growing", {"text": ""})
    return Event("growing", {"text": sanitize(growing.text)}, since=growing.frame.seen_at)
