"""Examines what runs a model in the demo world: `python -m scripts.exam --backend NAME [its own flags]`.

Every engine is asked about the same unseen pictures of one to three things, once as whole frames of 128×128 and once
enlarged to 640×480, so that its own resizing is at work. Only the exact sentence counts. On Linux, preload OpenBLAS.

    python -m scripts.exam --backend mlx --to mlx.json
    python -m scripts.exam --backend transformers --beside mlx.json
    python -m scripts.exam --backend llama --gguf text.gguf --mmproj mmproj.gguf --beside mlx.json
    python -m scripts.exam --backend server --url http://127.0.0.1:8080/v1 --beside mlx.json
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.config import Settings, add_flags, from_flags
from app.errors import UsageError, UserError
from app.events import Frame, Request
from app.images import Pixels
from app.protocols import Describer
from models.demo.training.exams import Question, sample_exam

FLAGS = ("model", "trust_model", "image_tokens", "precision")
ENGINE = ("backend", "url", "allow_remote", "api_key_file", "gguf", "mmproj")
SIZES = {"128x128": (128, 128), "640x480": (640, 480)}
"""Width and height; the demo world is drawn in the first."""
MOST_TOKENS = 40
SHOWN = 5
"""Mistakes that are printed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one picture."""

    true: str
    said: str
    took_s: float
    image_tokens: int

    @property
    def is_right(self) -> bool:
        return self.said == self.true


@dataclass(frozen=True, slots=True)
class Paper:
    """One engine's answers about pictures of one size."""

    engine: str
    size: str
    answers: Sequence[Answer]

    @property
    def right(self) -> int:
        return sum(each.is_right for each in self.answers)

    @property
    def share(self) -> float:
        return self.right / len(self.answers)

    @property
    def row(self) -> str:
        took_s = statistics.median(each.took_s for each in self.answers)
        tokens = "–".join(str(each) for each in sorted({each.image_tokens for each in self.answers}))
        score = f"{self.right}/{len(self.answers)}"
        return f"{self.engine[:40]:40}  {self.size:8}  {score:>9}  {self.share:6.1%}  {took_s:9.3f}  {tokens:>12}"


HEAD = f"{'engine':40}  {'pictures':8}  {'right':>9}  {'share':>6}  {'s/caption':>9}  {'image tokens':>12}"


def questions(count: int) -> list[Question]:
    """Stills of one, two and three things, a third each; always the same for the same count."""
    threes = count // 3
    return [*sample_exam("stills", count - threes), *sample_exam("threes", threes)]


def enlarged(tiles: Pixels, size: tuple[int, int]) -> list[Pixels]:
    """Each tile (128×128×3) at this width and height, every pixel as it was: no engine is handed a smoothed picture."""
    return [np.asarray(cv2.resize(tile, size, interpolation=cv2.INTER_NEAREST), np.uint8) for tile in tiles]


def answers(describer: Describer, asked: Sequence[Question], size: tuple[int, int]) -> Iterator[Answer]:
    """What the describer says of each.

    Raises:
        UserError: it fails; an engine that does not answer has no score.
    """
    for number, question in enumerate(asked):
        seen = [Frame(each, time.monotonic(), 0.0, number) for each in enlarged(question.tiles, size)]
        began, said, tokens = time.monotonic(), "", 0
        with closing(describer.describe(Request(seen, question.request, MOST_TOKENS))) as pieces:
            for piece in pieces:
                said, tokens = said + piece.text, piece.cost.image_tokens
        yield Answer(question.answer, said.strip(), time.monotonic() - began, tokens)


def examined(settings: Settings, asked: Sequence[Question]) -> Iterator[Paper]:
    """Open what the settings name, with its check and its sight test, and ask it about every size."""
    from app.backends import engine

    with closing(engine(settings).open(settings.model_options, is_trusted=settings.trust_model)) as describer:
        for warning in describer.banner.warnings:
            print(f"notice: {warning}", file=sys.stderr)
        for name, size in SIZES.items():
            called = f"{settings.backend}: {describer.banner.name}"
            yield Paper(called, name, list(answers(describer, asked, size)))


def compared(paper: Paper, other: Mapping[str, Any]) -> str:
    """Both papers beside one another, picture by picture."""
    theirs = other["answers"]
    if [each["true"] for each in theirs] != [each.true for each in paper.answers]:
        raise UsageError(f"{other['engine']} was asked other questions", "give the same --count")
    pairs = list(zip(paper.answers, theirs, strict=True))
    ours_alone = sum(ours.is_right and their["said"] != their["true"] for ours, their in pairs)
    theirs_alone = sum(not ours.is_right and their["said"] == their["true"] for ours, their in pairs)
    same = sum(ours.said == their["said"] for ours, their in pairs)
    points = 100 * (ours_alone - theirs_alone) / len(pairs)
    return (
        f"{paper.size}: {points:+.1f} points beside {other['engine']}; the same words {same} times of {len(pairs)}, "
        f"right alone {ours_alone}, it alone {theirs_alone}"
    )


def as_json(paper: Paper) -> dict[str, Any]:
    told = [
        {"true": each.true, "said": each.said, "took_s": round(each.took_s, 4), "image_tokens": each.image_tokens}
        for each in paper.answers
    ]
    return {"engine": paper.engine, "size": paper.size, "right": paper.right, "asked": len(told), "answers": told}


def report(papers: Sequence[Paper], beside: Path | None) -> None:
    for paper in papers:
        for each in [each for each in paper.answers if not each.is_right][:SHOWN]:
            print(f"    {paper.size}: {each.true!r}, said {each.said!r}")
    others = {each["size"]: each for each in json.loads(beside.read_text())} if beside else {}
    for paper in papers:
        if paper.size in others:
            print(compared(paper, others[paper.size]))


def wanted(argv: Sequence[str] | None = None) -> argparse.Namespace:
    how = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m scripts.exam", description=__doc__, formatter_class=how)
    add_flags(parser, frozenset((*FLAGS, *ENGINE)))
    parser.add_argument("--count", type=int, default=300, help="pictures of each size (300)")
    parser.add_argument("--to", type=Path, metavar="FILE.json", help="write all answers there")
    parser.add_argument("--beside", type=Path, metavar="FILE.json", help="compare with answers that were written")
    return parser.parse_args(argv)


def main() -> None:
    given = wanted()
    settings = from_flags(given)
    if settings.model == Settings().model and settings.backend in ("mlx", "transformers"):
        settings = replace(settings, model="demo")  # the one that knows the demo world
    papers = []
    try:
        print(HEAD)
        for paper in examined(settings, questions(given.count)):
            print(paper.row, flush=True)
            papers.append(paper)
        report(papers, given.beside)
    except UserError as failure:
        print(failure, file=sys.stderr)
        raise SystemExit(failure.exit_code) from None
    if given.to:
        given.to.write_text(json.dumps([as_json(each) for each in papers], indent=1) + "\n")


if __name__ == "__main__":
    main()
