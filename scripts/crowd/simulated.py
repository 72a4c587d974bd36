"""Simulated cameras and a simulated server around the real loop: the narrator of several cameras.

The cameras' pictures are drawn once and shown again and again; the server takes as long as one was measured to take
with so many questions under way. Everything goes by a clock that only says what time it would be.
"""

import heapq
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from statistics import median
from threading import Event, Lock
from typing import Any

import numpy as np

from app.demo import scenes as world
from app.events import AnyFrame, Banner, Chunk, Cost, Frame, Notice, Request
from app.frames.selector import FrameSelector, Pace
from app.images import Pixels
from app.live.captioner import Captioner
from app.live.controls import CommandQueue, Controls
from app.live.narrator import CameraNarration, Narrator
from app.live.stall import StallDetector
from app.live.watch import WatchAsker
from app.multicamera.camera_group import Slots
from app.threads import FairTurns
from scripts.crowd.clock import Turn, VirtualClock

FPS = 15.0
LOOK_S = 0.001
"""A look at one frame of 1280×720, gate and view; one at a time."""
STEP_S = 0.02
SIZE = (96, 72)
SCENES = 12
Curve = Sequence[tuple[int, float]]
"""Seconds a caption by how many are under way."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is simulated."""

    cameras: int
    at_once: int
    curve: Curve
    seconds: float = 60.0
    changes_s: float = 3.0
    """Each camera shows something new so often, on average."""


@dataclass(slots=True)
class Server:
    """A describer that says what the picture shows, when it would be done; for several threads."""

    clock: VirtualClock
    curve: Curve
    captions: dict[int, str]
    """By the picture's identity."""
    lock: Lock = field(default_factory=Lock, init=False)
    under_way: int = field(default=0, init=False)
    most: int = field(default=0, init=False)
    asked: list[tuple[str, float, float]] = field(default_factory=list, init=False)
    """Camera, the frame's age when it was asked about, and when all was told."""
    banner: Banner = field(default=Banner("simulated"), init=False)

    def describe(self, request: Request) -> Generator[Chunk]:
        frame, started = request.frames[-1], self.clock.now()
        self.begin(1)
        try:
            done = 0.0
            while done < 1.0 and not self.clock.is_over:
                self.clock.sleep(STEP_S)
                done += STEP_S / self.caption_s()
        finally:
            self.begin(-1)
        if not self.clock.is_over:
            self.asked.append((frame.camera, started - frame.seen_at, self.clock.now() - frame.seen_at))
            took_s = self.clock.now() - started
            yield Chunk(self.captions[id(frame.pixels)], Cost(took_s, took_s, 10))

    def begin(self, more: int) -> None:
        with self.lock:
            self.under_way += more
            self.most = max(self.most, self.under_way)

    def caption_s(self) -> float:
        """With as many under way as there are now."""
        counts, seconds = zip(*self.curve, strict=True)
        return float(np.interp(self.under_way, counts, seconds))

    def close(self) -> None:
        pass


@dataclass(slots=True)
class Cameras:
    """A source of many cameras, each with its newest frame alone."""

    clock: VirtualClock
    case: Case
    pictures: Sequence[Pixels]
    turns: FairTurns
    banner: Banner = field(default=Banner("simulated cameras"), init=False)

    def frames(self, _stop: Event) -> Generator[AnyFrame | Notice]:
        rng, names = np.random.default_rng(5), names_of(self.case)
        slots = Slots(self.turns, len(names))
        due = [(float(rng.uniform(0, 1 / FPS)), 0, name) for name in names]
        shown = {name: Showing(int(rng.integers(SCENES)), pause(rng, self.case.changes_s)) for name in names}
        heapq.heapify(due)
        while (now := self.clock.now()) < self.case.seconds:
            while due[0][0] <= now:
                at, number, name = due[0]
                picture = self.pictures[shown[name].at(at, rng, self.case.changes_s)]
                slots.put(name, Frame(picture, at, at, number))
                heapq.heapreplace(due, (at + 1 / FPS, number + 1, name))
            taken = slots.take(0.0)
            self.clock.sleep(LOOK_S if taken else due[0][0] - now)
            yield from taken
        self.clock.end()


def pause(rng: np.random.Generator, changes_s: float) -> float:
    """Seconds from one change to the next: half as long to half as long again."""
    return changes_s * float(rng.uniform(0.5, 1.5))


@dataclass(slots=True)
class Showing:
    """What one camera shows."""

    scene: int
    until: float

    def at(self, now: float, rng: np.random.Generator, changes_s: float) -> int:
        if now >= self.until:
            self.scene = int((self.scene + 1 + rng.integers(SCENES - 1)) % SCENES)
            self.until = now + pause(rng, changes_s)
        return self.scene


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a case."""

    case: Case
    asked_s: Sequence[float]
    told_s: Sequence[float]
    """Ages of the described frames: when they were asked about, and when all was told."""
    shares: Sequence[int]
    """Descriptions, by camera."""
    most: int
    """The most that were under way."""

    @property
    def jain(self) -> float:
        """Jain, Chiu and Hawe's index of fairness (1984): 1 where every camera has the same."""
        total = sum(self.shares)
        return total**2 / (len(self.shares) * sum(each**2 for each in self.shares)) if total else 0.0

    def row(self) -> dict[str, Any]:
        return {
            "cameras": self.case.cameras,
            "at once": self.case.at_once,
            "descriptions/s": f"{sum(self.shares) / self.case.seconds:.1f}",
            "per camera and minute (min / median / max)": " / ".join(
                f"{60 * each / self.case.seconds:.0f}"
                for each in (min(self.shares), median(self.shares), max(self.shares))
            ),
            "Jain": f"{self.jain:.3f}",
            "age when asked, s (p50 / p95 / max)": spread(self.asked_s),
            "age when told, s (p50 / p95 / max)": spread(self.told_s),
        }


def spread(values: Sequence[float]) -> str:
    return " / ".join(f"{np.quantile(values, share):.2f}" for share in (0.5, 0.95, 1.0)) if values else "none"


def names_of(case: Case) -> list[str]:
    return [f"Camera {number}" for number in range(1, case.cameras + 1)]


def live(case: Case) -> Lived:
    """The case from its beginning to its end."""
    clock = VirtualClock(case.at_once)
    pictures, captions = scenes()
    server, names = Server(clock, case.curve, captions), names_of(case)
    queue, turns = CommandQueue(names), FairTurns(names)
    cameras = {name: narration(server, queue, name, clock) for name in names}
    narrator = Narrator(cameras, queue, turns, case.at_once, Turn(clock))
    for _ in narrator.watch(Cameras(clock, case, pictures, turns), Event()):
        pass
    shares = [sum(each == name for each, _, _ in server.asked) for name in names]
    return Lived(case, [a for _, a, _ in server.asked], [t for _, _, t in server.asked], shares, server.most)


def narration(server: Server, queue: CommandQueue, name: str, clock: VirtualClock) -> CameraNarration:
    captioner = Captioner(server, StallDetector(now=clock.now))
    controls = Controls(captioner, queue, model_prompt="What?", now=clock.now, camera=name)
    return CameraNarration(controls, FrameSelector(Pace(0.4)), WatchAsker(captioner, now=clock.now))


def scenes() -> tuple[list[Pixels], dict[int, str]]:
    """Pictures, and what each of them shows."""
    rng = np.random.default_rng(3)
    ground = world.sample_background(rng, darkest=0.42, lightest=0.6)
    drawn = [world.sample_scene(rng, 1 + number % 3) for number in range(SCENES)]
    pictures = [world.draw(scene, ground, *SIZE) for scene in drawn]
    return pictures, {id(picture): world.caption(scene) for picture, scene in zip(pictures, drawn, strict=True)}
