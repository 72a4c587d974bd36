"""Trains the student by the clock: `python -m models.demo.training.train STAGE --minutes M --out FOLDER`.

Stage "eyes" teaches the vision tower where things are; "stills" adds words about single pictures, "clips" several
frames. Each goes on from the checkpoint in the folder; a stage that was cut short goes on where it was saved, and one
that is over is not repeated.
"""

import argparse
import logging
import math
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.demo.training import curriculum, speech
from models.demo.training.feed import Feed
from models.demo.training.losses import losses
from models.demo.training.student import Student

log = logging.getLogger("train")
SAVE_EVERY_S = 150
REPORT_EVERY_STEPS = 10
WARM_UP_STEPS = 60
LOOKS = 0.3
"""Weight of where heads look, beside the other losses that only teach."""
COOLEST = 0.03
"""Share of the full learning rate at the end."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How one part of the training goes."""

    muon: float
    """Learning rate of the matrices; those of the eyes get `eyes` times it."""
    adam: float
    """Learning rate of everything else."""
    eyes: float
    cool_from: float
    """Share of the time after which the learning rates fall; 1 for never."""
    aux: tuple[float, float]
    """Weight of the losses that only teach, at the start and at the end."""


STAGES = {
    "eyes": Stage(muon=0.02, adam=1.5e-3, eyes=1.0, cool_from=0.85, aux=(1.0, 1.0)),
    "stills": Stage(muon=0.02, adam=1.5e-3, eyes=0.5, cool_from=1.0, aux=(1.0, 0.4)),
    "clips": Stage(muon=0.018, adam=1.4e-3, eyes=0.25, cool_from=0.35, aux=(0.8, 0.2)),
}


@dataclass(slots=True)
class Progress:
    """How far the training has come; saved with the weights."""

    stage: str
    steps: int = 0
    seconds: float = 0.0
    history: tuple[tuple[str, int, float], ...] = ()
    """Stage, steps and seconds of what came before."""

    def is_past(self, stage: str) -> bool:
        """Whether the stage is over and another was begun."""
        return any(name == stage for name, *_ in self.history)

    def entering(self, stage: str) -> "Progress":
        """The same if it is in the stage already, else at the start of it."""
        if self.stage == stage:
            return self
        return Progress(stage, history=(*self.history, (self.stage, self.steps, round(self.seconds))))


@dataclass(frozen=True, slots=True)
class School:
    """What is trained, with what, and how far it is."""

    folder: Path
    student: Student
    tools: list[torch.optim.Optimizer]
    progress: Progress

    def save(self) -> None:
        """Write the checkpoint whole or not at all."""
        state = {
            "student": self.student.state_dict(),
            "tools": [tool.state_dict() for tool in self.tools],
            "progress": asdict(self.progress),
        }
        torch.save(state, self.folder / "checkpoint.new")
        (self.folder / "checkpoint.new").replace(self.folder / "checkpoint.pt")


def load(folder: Path) -> dict[str, Any]:
    """The folder's checkpoint, or nothing."""
    path = folder / "checkpoint.pt"
    return dict(torch.load(path, weights_only=True)) if path.exists() else {}


def open_school(folder: Path, stage: str) -> School:
    """The student as it was left, or a new one, with tools set for the stage."""
    student, saved = Student(), load(folder)
    progress = Progress(**saved["progress"]).entering(stage) if saved else Progress(stage)
    if saved:
        student.load_state_dict(saved["student"])
    tools = _optimizers(student, STAGES[stage])
    if progress.steps:
        for tool, state in zip(tools, saved["tools"], strict=True):
            _restore(tool, state)
    return School(folder, student, tools, progress)


def _optimizers(student: Student, stage: Stage) -> list[torch.optim.Optimizer]:
    """Muon for the matrices, AdamW for the rest; every group remembers its full rate as `full`."""
    eyes, mind, rest = [], [], []
    for name, weight in student.named_parameters():
        is_matrix = weight.ndim == 2 and name.startswith("net.model") and "embed" not in name
        (rest if not is_matrix else eyes if "vision_model" in name else mind).append(weight)
    groups = [{"params": mind, "lr": stage.muon}, {"params": eyes, "lr": stage.muon * stage.eyes}]
    muon = torch.optim.Muon(groups, lr=stage.muon, momentum=0.95, weight_decay=0.01, adjust_lr_fn="original")
    adam = torch.optim.AdamW(rest, lr=stage.adam, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    for group in (*muon.param_groups, *adam.param_groups):
        group["full"] = group["lr"]
    return [muon, adam]


def _restore(tool: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Bring the momenta back; the rates are the stage's, whatever was saved."""
    full = [group["full"] for group in tool.param_groups]
    tool.load_state_dict(state)
    for group, rate in zip(tool.param_groups, full, strict=True):
        group["full"] = rate


def train(school: School, feed: Feed, total_s: float) -> None:
    """Go on until the stage has had its seconds."""
    stage, progress = STAGES[school.progress.stage], school.progress
    saved_at = begun = time.monotonic()
    for batch in feed:
        done = progress.seconds / total_s
        if done >= 1:
            break
        _set_heat(school, _heat(stage, done, progress.steps))
        found = losses(school.student, batch)
        aux = stage.aux[0] + (stage.aux[1] - stage.aux[0]) * done
        weights = {"words": 1.0, "eyes": aux, "tokens": aux, "fates": aux}
        weights |= {"looks": LOOKS * aux, "sights": LOOKS * aux}
        torch.stack([weights[name] * loss for name, loss in found.items()]).sum().backward()
        _take_step(school)
        progress.steps += 1
        progress.seconds += (took_s := time.monotonic() - begun)
        begun += took_s
        if progress.steps % REPORT_EVERY_STEPS == 0:
            shown = " ".join(f"{name} {loss.item():.3f}" for name, loss in found.items())
            log.info("%s %.0f s, step %d, %d frames: %s", progress.stage, progress.seconds, progress.steps,
                     batch.frames, shown)  # fmt: skip
        if begun - saved_at > SAVE_EVERY_S:
            school.save()
            saved_at = begun
    school.save()


def _heat(stage: Stage, done: float, steps: int) -> float:
    """The share of the full learning rate: a short warm-up, then full, then down a cosine."""
    warmth = min(1.0, (steps + 1) / WARM_UP_STEPS)
    late = max(0.0, done - stage.cool_from) / max(1e-9, 1 - stage.cool_from)
    return warmth * (COOLEST + (1 - COOLEST) * 0.5 * (1 + math.cos(math.pi * late)))


def _set_heat(school: School, heat: float) -> None:
    for group in (group for tool in school.tools for group in tool.param_groups):
        group["lr"] = group["full"] * heat


def _take_step(school: School) -> None:
    torch.nn.utils.clip_grad_norm_(school.student.parameters(), 1.0)
    for tool in school.tools:
        tool.step()
        tool.zero_grad(set_to_none=True)


def learned_speech(folder: Path) -> speech.Speech:
    """The folder's tokenizer, made first if it is not there yet."""
    if not (folder / "tokenizer.json").exists():
        lines = curriculum.corpus(np.random.default_rng(0), 2500)
        speech.train_tokenizer(lines).save(str(folder / "tokenizer.json"))
    return speech.load(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the feed is closed, and its process ends
    torch.set_num_threads(1)  # the other core draws
    torch.manual_seed(arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    school = open_school(arguments.out, arguments.stage)
    if school.progress.is_past(arguments.stage):
        return
    words = None if arguments.stage == "eyes" else learned_speech(arguments.out)
    feed = Feed(arguments.stage, arguments.seed + school.progress.steps, words)
    try:
        train(school, feed, arguments.minutes * 60)
    finally:
        feed.close()


if __name__ == "__main__":
    main()
