"""Speech: one sentence in the air, one waiting, the newest. Never late, and silent at once when told to stop."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Event, Thread

from app.flow import Banner, Happening, Notice, Sentence
from app.harmless import harmless
from app.outputs.engines import Engine

SPOKEN_NOTICES = ("camera lost", "camera back", "error")
SCENE, NOTICE, URGENT = 0, 1, 2
"""How urgent: what waits gives way to its equals and betters; what is in the air gives way to the urgent alone."""
LONGEST_S = 60.0
"""An utterance that takes longer hangs, on a lost audio device for example."""
JOIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words to be spoken."""

    text: str
    urgency: int
    told_at: float
    """Monotonic seconds."""


class Voice:
    """Speaks on a thread of its own, a child process an utterance."""

    def __init__(
        self,
        engine: Engine,
        warn: Callable[[Notice], None],
        now: Callable[[], float] = time.monotonic,
        age_limit_s: float = 6.0,
    ) -> None:
        """`warn` is told, once, that the engine failed; from then on nothing is spoken."""
        self.engine, self.warn, self.now, self.age_limit_s = engine, warn, now, age_limit_s
        self.banner = Banner(f"voice {engine.name}")
        self.changed = Condition()
        self.waiting: Utterance | None = None
        self.child: subprocess.Popen[bytes] | None = None
        self.is_busy = self.is_cut = self.is_over = False
        """Something is in the air; it is to end; nothing more is taken."""
        self.worker = Thread(target=self._work, name="voice", daemon=True)
        self.worker.start()

    def tell(self, happening: Happening) -> None:
        """Let it wait for its turn, or pre-empt what is in the air; never blocks."""
        if told := utterance(happening, self.now()):
            with self.changed:
                if not self.is_over and self._gives_way(told):
                    self.waiting = told
                    if told.urgency == URGENT:
                        self._cut()
                    self.changed.notify_all()

    def finish(self, stop: Event, limit_s: float = 15.0) -> None:
        """Wait until the last words are spoken, at most `limit_s`, or until `stop` is set."""
        until = time.monotonic() + limit_s
        with self.changed:
            while (self.is_busy or self.waiting) and not stop.is_set() and time.monotonic() < until:
                self.changed.wait(0.05)

    def close(self) -> None:
        """Silence, at once."""
        with self.changed:
            self.is_over, self.waiting = True, None
            self._cut()
            self.changed.notify_all()
        self.worker.join(JOIN_S)

    def _gives_way(self, to: Utterance) -> bool:
        return self.waiting is None or to.urgency >= self.waiting.urgency or self._is_late(self.waiting)

    def _is_late(self, told: Utterance) -> bool:
        return self.now() - told.told_at > self.age_limit_s

    def _cut(self) -> None:
        """End what is in the air, and what the worker is about to start."""
        self.is_cut = True
        if self.child:
            kill(self.child)

    def _work(self) -> None:
        while said := self._next():
            if reason := self._speak(said.text):
                self._give_up(reason)

    def _next(self) -> Utterance | None:
        """The one waiting, as soon as there is one that is not late; None at the end."""
        with self.changed:
            self.is_busy = False
            while not self.is_over:
                told, self.waiting = self.waiting, None
                if told and not self._is_late(told):
                    self.is_busy, self.is_cut = True, False
                    return told
                if not told:
                    self.changed.wait(1.0)
        return None

    def _speak(self, text: str) -> str:
        """Speak to the end, or until cut; return why it failed, nothing if it did not."""
        try:
            child = started(self.engine)
        except OSError as failure:
            return failure.strerror or str(failure)
        with self.changed:
            self.child = child
            if self.is_cut:
                kill(child)
        reason = heard(child, text)
        with self.changed:
            self.child = None
            return "" if self.is_cut else reason

    def _give_up(self, reason: str) -> None:
        with self.changed:
            self.is_over, self.waiting = True, None
        name = self.engine.name
        remedy = f"Is there a loudspeaker? Try it alone: {name} hello; or go without: --no-speak"
        self.warn(Notice("voice", f"The voice is silent now, {name} failed: {harmless(reason)}.", remedy))


def utterance(happening: Happening, now: float) -> Utterance | None:
    """What is said of it, if anything."""
    match happening:
        case Sentence():
            urgency = URGENT if happening.kind in ("alert", "answer") else SCENE
            return Utterance(sayable(happening.text), urgency, now)
        case Notice() if happening.kind in SPOKEN_NOTICES:
            return Utterance(sayable(f"Notice: {happening.text}"), NOTICE, now)
    return None


def sayable(text: str) -> str:
    """Without the `[[` that makes `say` and espeak-ng take what follows for a command."""
    return re.sub(r"\[(?=\[)", "[ ", harmless(text))


def started(engine: Engine) -> subprocess.Popen[bytes]:
    """In a process group of its own: killed whole, and not reached by the terminal's Ctrl-C."""
    return subprocess.Popen(
        engine.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        process_group=0,
    )


def heard(child: subprocess.Popen[bytes], text: str, limit_s: float = LONGEST_S) -> str:
    """Give it the text and wait for its end; return why it failed, nothing if it did not."""
    try:
        _, complaint = child.communicate(f"{text}\n".encode(), timeout=limit_s)
    except subprocess.TimeoutExpired:
        kill(child)
        child.communicate()
        return f"it was still at one sentence after {limit_s:.0f} s"
    return complaint_of(child.returncode, complaint.decode(errors="replace"))


def complaint_of(returncode: int, complaint: str) -> str:
    """espeak-ng exits with 0 when there is no audio device; a line of its own, `error: …`, tells."""
    lines = [line for line in complaint.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    if returncode == 0 and not errors:
        return ""
    return (errors or lines or [f"exit code {returncode}"])[-1].removeprefix("error: ")


def kill(child: subprocess.Popen[bytes]) -> None:
    """The child and all that it started."""
    if child.poll() is None:
        with suppress(ProcessLookupError, PermissionError):  # it has just ended
            os.killpg(child.pid, signal.SIGKILL)
