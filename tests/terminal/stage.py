"""What the tests of the outputs share: things to tell, and a stand-in for a speech engine."""

import subprocess
import time
from pathlib import Path

import numpy as np

from app.events import Cost, Frame, Notice, PartialSentence, QuestionDraft, Repeated, Sentence, SentenceKind, Status

ROOT = Path(__file__).parents[2]
COST = Cost(first_word_s=0.21, total_s=0.8, tokens=12, image_tokens=64, forwards=13, drafted=5, draft_accepted=3)


def frame(number: int = 0, seen_at: float | None = None) -> Frame:
    at = time.monotonic() if seen_at is None else seen_at
    return Frame(np.zeros((4, 6, 3), np.uint8), at, number / 30, number)


def sentence(
    text: str = "A red circle.", kind: SentenceKind = "scene", number: int = 0, described: int = 1
) -> Sentence:
    return Sentence(text, kind, frame(number), 0.31, COST, described)


def growing(text: str = "A red", number: int = 0) -> PartialSentence:
    return PartialSentence(text, frame(number))


def notice(kind: str = "camera lost", text: str = "The camera is gone.", hint: str = "Plug it in.") -> Notice:
    return Notice(kind, text, hint)


def asking(text: str = "what", is_over: int = 0) -> QuestionDraft:
    return QuestionDraft(text, bool(is_over))


def again(text: str = "A red circle.") -> Repeated:
    return Repeated(sentence(text, number=7))


def status(seen: int = 240, described: int = 12) -> Status:
    return Status(29.7, seen, described, 0.213, 44.7, 1_200_000_000)


def is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


GATED = """#!/bin/sh
# Stands in for an engine: says when it begins and ends, and speaks until the file .go is there.
[ "$1" = --voices ] && exec cat "$0.voices"
[ "$1 $2" = "-v ?" ] && exec cat "$0.voices"
text=$(cat)
echo "began $$ $* | $text" >> "$0.log"
while [ ! -e "$0.go" ]; do sleep 0.02; done
echo "ended $$ $* | $text" >> "$0.log"
"""


class StandIn:
    """An executable in a folder of its own, to be found there as `say` or espeak-ng."""

    def __init__(self, folder: Path, script: str = GATED, name: str = "espeak-ng") -> None:
        self.folder, self.file = folder, folder / name
        self.file.write_text(script)
        self.file.chmod(0o755)

    @property
    def path(self) -> str:
        return str(self.folder)

    def beside(self, suffix: str) -> Path:
        return self.folder / (self.file.name + suffix)

    def let_go(self) -> None:
        """What is in the air, and all that follows, ends at once."""
        self.beside(".go").touch()

    @property
    def log(self) -> list[str]:
        return self.beside(".log").read_text().splitlines() if self.beside(".log").exists() else []

    def texts(self, event: str) -> list[str]:
        return [line.split(" | ", 1)[1] for line in self.log if line.startswith(event)]

    def pids(self) -> list[int]:
        return [int(line.split()[1]) for line in self.log if line.startswith("began")]
