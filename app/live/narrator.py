"""The live loop: the newest frame, a look if it is worth one, words as they come.

    cameras ──▶ newest frame of the camera whose turn it is ──▶ commands ──▶ change? ──▶ watches ──▶ description

One camera is the usual case. Several share one model: each description under way takes the next camera, looks at its
newest frame and, if that is worth it, describes it before it takes another. So no request waits behind another, and
with more to say than can be said, every camera is described less often, all alike.
"""

import math
import resource
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from itertools import chain
from threading import Event, Lock

from app.events import (
    AnyFrame,
    Cost,
    Frame,
    FramePreview,
    Notice,
    PartialSentence,
    Request,
    RunEvent,
    Sentence,
    Status,
)
from app.frames.selector import FrameSelector, Glance, Quiet, in_minutes
from app.live.captioner import Description, Doubt, Ended, Failed, Partial, Whole
from app.live.controls import LONG_PROMPT, LONGER, CommandQueue, Controls
from app.live.labels import Labels
from app.live.stall import Outages
from app.live.watch import WatchAsker
from app.novelty import NoveltyTracker
from app.protocols import Source
from app.threads import FairTurns, merge

STATUS_S = 1.0
"""Between two statuses while nothing is described, on the frames' own clock."""
LOST = ("camera lost", "camera ended")
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""getrusage(2) counts bytes on macOS and kilobytes on Linux."""


@dataclass(slots=True)
class Narrator:
    """Narrates one camera, or several with one model."""

    cameras: "Mapping[str, CameraNarration]"
    """By name; a single camera has none: ""."""
    queue: CommandQueue
    turns: FairTurns | None = None
    """With several cameras, whose turn it is; shared with their source."""
    at_once: int = 1
    """Descriptions under way at most; for more than one the describer must support several threads."""
    turn: AbstractContextManager[object] = field(default_factory=Lock)
    """Held by the thread that takes a frame."""
    labels: Labels = field(init=False)
    interrupted: set[str] = field(default_factory=set, init=False)
    """Cameras with a notice since their last frame."""

    def __post_init__(self) -> None:
        self.labels = Labels(len(self.cameras))

    @property
    def model_prompt(self) -> str:
        """The prompt for each frame where people have set none."""
        return next(iter(self.cameras.values())).controls.model_prompt

    def watch(self, source: Source, stop: Event) -> Iterator[RunEvent]:
        """Yield what happens until all cameras have ended or `stop` is set."""
        self.queue.present.clear()  # those of the narrator before
        with (
            closing(source.frames(stop)) as frames,
            closing(merge([self.work(frames, stop) for _ in range(self.at_once)], stop)) as events,
        ):
            for camera, event in chain(events, self.finish(stop)):
                yield from self.labels.label(camera, event)

    def work(self, frames: Generator[AnyFrame | Notice], stop: Event) -> Generator[tuple[str, RunEvent]]:
        """Look at one frame after the other, always the newest of its camera; the rest are dropped."""
        while (seen := self.next(frames)) is not None and not stop.is_set():
            camera = seen.camera
            if isinstance(seen, Notice):
                yield camera, seen
                continue
            narration = self.cameras[camera]
            if camera in self.interrupted:
                self.interrupted.discard(camera)
                narration.forget()
            try:
                for event in narration.see(seen, stop):
                    yield camera, event
            finally:
                if self.turns:
                    self.turns.end(camera, counts=not narration.selector.is_undecided)

    def next(self, frames: Generator[AnyFrame | Notice]) -> AnyFrame | Notice | None:
        """The next frame of a camera that is not busy, or a notice of a camera; None at the end."""
        with self.turn:
            for seen in frames:
                if isinstance(seen, Notice):
                    self.interrupted.add(seen.camera)
                    if seen.kind in LOST:
                        self.queue.present.discard(seen.camera)
                    return seen
                self.queue.present.add(seen.camera)
                if self.turns is None or self.turns.begin(seen.camera):
                    return seen
        return None

    def finish(self, stop: Event) -> Iterator[tuple[str, RunEvent]]:
        """The source has ended, or is left."""
        for camera, narration in self.cameras.items():
            for event in narration.finish(stop):
                yield camera, event


@dataclass(slots=True)
class CameraNarration:
    """One camera's narration: one description at a time, always of its newest frame."""

    controls: Controls
    """What people ask, and the captioner that answers."""
    selector: FrameSelector
    """Which frames are worth a look."""
    watcher: WatchAsker
    is_narrating: bool = True
    """Else only what is watched for is reported."""
    wants_preview: Callable[[], bool] = lambda: False
    """Whether an interactive output wants a picture now; asked at every frame."""
    frame_count: int = 1
    """Frames in a description: the newest, and those described before it."""
    outages: Outages = field(default_factory=Outages)
    """Shared by all cameras."""
    news: NoveltyTracker = field(default_factory=NoveltyTracker)
    quiet: Quiet = field(default_factory=Quiet, init=False)
    counters: "Counters" = field(default_factory=lambda: Counters(), init=False)
    recent: deque[Frame] = field(default_factory=deque, init=False)
    """The frames of the last description, oldest first."""
    doubts: set[str] = field(default_factory=set, init=False)
    """Why descriptions could not be trusted, since the last one that could."""
    is_unsure: bool = field(default=False, init=False)
    """The last description left a doubt."""
    has_spoken: bool = field(default=False, init=False)
    """A scene has been described."""

    def __post_init__(self) -> None:
        self.apply_settings()

    def see(self, seen: AnyFrame, stop: Event) -> Iterator[RunEvent]:
        """Say what is new in one frame, if it is worth a look."""
        self.counters.saw(seen)
        yield from self.run_commands(seen, stop)
        glance = self.glance(seen)
        yield from self.report_obstructions(glance)
        if self.wants_preview() and (frame := glance.frame or seen.copy()):
            yield self.preview(frame)
        if glance.frame:
            self.remember(glance.frame, has_changed=glance.has_changed)
            yield from self.ask_watches(glance.frame, stop)
            if self.is_worth_describing(glance) and not self.is_left(stop):
                yield from self.describe(glance, glance.frame, stop)
            if self.is_left(stop):
                self.selector.reset()
            yield self.counters.status()
        elif self.counters.has_gone_on(STATUS_S):
            yield self.counters.status()

    def finish(self, stop: Event) -> Iterator[RunEvent]:
        """The source has ended, or is left."""
        if stop.is_set():
            self.controls.leave()
        elif self.controls.described:  # what was asked during the last frame is answered too
            yield from self.controls.run_commands(self.controls.described, stop.is_set)
        if self.counters.has_gone_on(0):
            yield self.counters.status()

    def run_commands(self, seen: AnyFrame, stop: Event) -> Iterator[RunEvent]:
        """Do what people ask, and go on as they want it; at the end it is left to the next narrator."""
        if stop.is_set():
            return
        before, controls = self.controls.settings, self.controls
        yield from controls.run_commands(seen, lambda: stop.is_set() or controls.queue.is_interrupting(controls.camera))
        if before != controls.settings:
            self.apply_settings()
        if before.prompt != controls.settings.prompt:  # a new prompt wants a new description
            self.selector.reset()

    def apply_settings(self) -> None:
        self.watcher.set_wishes(self.controls.settings.watches)
        self.selector.allow_burst(is_allowed=self.controls.settings.every is None)

    def glance(self, seen: AnyFrame) -> Glance:
        """Judge the frame. None is described while people ask or have paused, or the model cannot be reached."""
        is_held = self.controls.is_held or self.outages.is_waiting(self.controls.now())
        if is_held:
            self.forget()
        least_s = max(self.controls.verbosity.least_s, self.controls.settings.every or 0.0)
        return self.selector.glance(seen, least_s, is_held=is_held)

    def is_worth_describing(self, glance: Glance) -> bool:
        """A change, a routine look after a long time, or a doubt that the last description left."""
        is_wanted = glance.has_changed or glance.is_overdue or self.is_unsure
        return self.is_narrating and is_wanted and not self.outages.is_waiting(self.controls.now())

    def preview(self, frame: Frame) -> FramePreview:
        selector = self.selector
        return FramePreview(frame, selector.changed_regions(), selector.is_still, selector.visibility.trouble)

    def report_obstructions(self, glance: Glance) -> Iterator[Notice]:
        """What keeps the camera from seeing is reported by itself, and given in place of an answer."""
        for notice in glance.notices:
            self.controls.obstruction = notice if self.selector.visibility.is_blocked else None
            self.forget()
            yield notice
        if (lasting := self.controls.obstruction) and (minutes := self.quiet.due_minutes(glance.media_s)):
            yield Notice(lasting.kind, f"Still, for {in_minutes(minutes)}: {lasting.text}", lasting.hint)

    def forget(self) -> None:
        """Looking was interrupted: frames from before say little of what comes after."""
        self.quiet.restart()
        self.recent.clear()

    def remember(self, frame: Frame, *, has_changed: bool) -> None:
        """`frame` is looked at; it replaces the last one if that showed the same."""
        self.counters.described += 1
        self.controls.described, self.controls.count = frame, self.counters.described
        if self.recent and not has_changed:
            self.recent.pop()
        while len(self.recent) >= self.frame_count:
            self.recent.popleft()
        self.recent.append(frame)

    def ask_watches(self, frame: Frame, stop: Event) -> Iterator[Sentence | Notice]:
        """Ask first about what is watched for: an alert waits for no description."""
        for found in self.watcher.look(frame, self.counters.described, lambda: self.is_left(stop)):
            match found:
                case Cost():
                    yield from self.outages.end()
                    self.counters.spent(found)
                case Sentence():
                    yield self.say(found)
                case Notice():
                    yield found
                case Failed():
                    yield from self.fail(found)
        if self.watcher.is_undecided:
            self.selector.schedule_retry(frame)

    def describe(self, glance: Glance, frame: Frame, stop: Event) -> Iterator[PartialSentence | Sentence | Notice]:
        """Describe the newest frame; leaves off within a token when `stop` is set, or an urgent command comes."""
        description = Description(frame, self.controls.now(), self.counters.described)
        room = self.controls.verbosity.sentences(is_still=glance.is_still)
        last_sentence, self.is_unsure = self.controls.last_sentence, False
        self.news.begin(frame.media_s, has_changed=glance.has_changed or bool(self.doubts))
        for step in self.controls.captioner.caption(self.request(glance), lambda: self.is_left(stop)):
            match step:
                case Partial():
                    yield PartialSentence(step.text, frame)
                case Whole():
                    yield from self.outages.end()
                    if room > 0 and self.is_new(step.text):
                        room -= 1
                        yield self.say(description.sentence(step, "change" if self.has_spoken else "scene"))
                        self.has_spoken = True
                case Doubt():
                    yield from self.doubt(step.reason)
                case Failed():
                    yield from self.fail(step)
                case Ended():
                    yield from self.outages.end()
                    self.counters.spent(step.cost)
                    yield from self.finish_description(
                        glance, frame, is_quiet=self.controls.last_sentence is last_sentence
                    )

    def finish_description(self, glance: Glance, frame: Frame, *, is_quiet: bool) -> Sequence[Notice]:
        """`is_quiet`: there was nothing to say. A doubt asks for another look."""
        if self.is_unsure:
            self.selector.schedule_retry(frame)
        elif is_quiet:
            in_words = self.controls.verbosity.reports_quiet
            return self.quiet.note_unchanged(frame.media_s, is_beat=glance.is_overdue, in_words=in_words)
        return ()

    def request(self, glance: Glance) -> Request:
        """A long description only where there is time for it."""
        is_long = self.controls.verbosity.is_long and glance.is_still
        prompt, times = (LONG_PROMPT, LONGER) if is_long else (self.controls.prompt, 1)
        return Request(tuple(self.recent), prompt, times * self.controls.max_tokens)

    def is_new(self, text: str) -> bool:
        """Whether it is worth saying."""
        self.doubts.clear()
        verdict = self.news.judge(text)
        self.is_unsure |= verdict == "held"
        return verdict == "new"

    def say(self, sentence: Sentence) -> Sentence:
        self.controls.last_sentence = sentence
        self.quiet.restart(sentence.frame.media_s)
        return sentence

    def doubt(self, reason: str) -> Iterator[Notice]:
        """Give each reason once, until a description can be trusted again."""
        self.is_unsure = True
        if reason not in self.doubts:
            self.doubts.add(reason)
            yield Notice("doubt", reason)

    def fail(self, failed: Failed) -> Iterator[Notice]:
        """The first frame after an outage is worth a look."""
        self.selector.reset()
        yield from self.outages.begin(failed.outage, self.controls.now())

    def is_left(self, stop: Event) -> bool:
        return stop.is_set() or self.controls.is_urgent


@dataclass(slots=True)
class Counters:
    """What one camera's narration has seen and described so far, for the status line."""

    described: int = 0
    cost: Cost = field(default_factory=Cost)
    """Of the last description."""
    drafted: int = 0
    draft_accepted: int = 0
    arrivals: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=32))
    """Number and time (monotonic s) of the frames seen last."""
    reported_at: float = -math.inf
    """When the newest frame of the last status was seen (monotonic s)."""

    def saw(self, frame: AnyFrame) -> None:
        self.arrivals.append((frame.number, frame.seen_at))

    def spent(self, cost: Cost) -> None:
        """A description has ended."""
        self.cost = cost
        self.drafted += cost.drafted
        self.draft_accepted += cost.draft_accepted

    def has_gone_on(self, seconds: float) -> bool:
        """Whether frames have been seen for so long since the last status."""
        return bool(self.arrivals) and self.arrivals[-1][1] - self.reported_at > seconds

    @property
    def camera_fps(self) -> float:
        """Frames a second that the source takes, dropped ones too; 0 until there are two."""
        (first, since), (last, until) = self.arrivals[0], self.arrivals[-1]
        return (last - first) / (until - since) if until > since else 0.0

    def status(self) -> Status:
        cost, self.reported_at = self.cost, self.arrivals[-1][1]
        return Status(
            camera_fps=self.camera_fps,
            frames_seen=self.arrivals[-1][0] + 1,
            frames_described=self.described,
            first_word_s=cost.first_word_s,
            # over the whole of it: with an accepted draft, all words come with the first
            tokens_per_s=cost.tokens / cost.total_s if cost.total_s > 0 else 0.0,
            memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT,
            drafted=self.drafted,
            draft_accepted=self.draft_accepted,
        )
