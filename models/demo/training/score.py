"""Examines a model folder through mlx-vlm: `python -m models.demo.training.score FOLDER [--count N] [--json FILE]`.

It sees the tiles as the app hands them over, already resized, and answers greedily in float32. No torch.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import mlx.core as mx
from mlx_vlm import generate
from mlx_vlm.prompt_utils import apply_chat_template
from mlx_vlm.utils import load
from PIL import Image

from app.images import Pixels
from models.demo.training.exams import EXAMS, SEED, Question, sample_exam

MOST_TOKENS = 40


@dataclass(frozen=True, slots=True)
class Score:
    """How one exam went."""

    exam: str
    right: int
    asked: int
    mistakes: tuple[tuple[str, str, str], ...]
    """Request, true answer, given answer."""

    @property
    def share(self) -> float:
        return self.right / self.asked


class Examinee:
    """The model under examination; belongs to the thread that made it."""

    def __init__(self, folder: Path) -> None:
        self.model, self.processor = load(str(folder))
        self.model.set_dtype(mx.float32)  # what MLX's CPU is fast in, and what parity is measured in
        self.processor.image_processor.do_image_splitting = False
        self.processor.image_processor.do_resize = False

    def answer(self, tiles: Sequence[Pixels], request: str) -> str:
        """What it says of 128×128 RGB tiles, oldest first."""
        prompt = apply_chat_template(self.processor, self.model.config, request, num_images=len(tiles))
        images = [Image.fromarray(tile) for tile in tiles]
        said = generate(
            self.model, self.processor, prompt, image=images, max_tokens=MOST_TOKENS, temperature=0.0, verbose=False
        )
        return str(said.text).strip()


def mark(examinee: Examinee, exam: str, questions: Sequence[Question]) -> Score:
    """Exact answers count, nothing else."""
    given = [examinee.answer(list(question.tiles), question.request) for question in questions]
    pairs = list(zip(questions, given, strict=True))
    mistakes = tuple((asked.request, asked.answer, said) for asked, said in pairs if asked.answer != said)
    return Score(exam, len(questions) - len(mistakes), len(questions), mistakes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=400, help="questions in each exam")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--exams", nargs="*", default=list(EXAMS))
    parser.add_argument("--json", type=Path, help="write the scores there")
    arguments = parser.parse_args()
    examinee = Examinee(arguments.folder)
    scores = []
    for exam in arguments.exams:
        scores.append(mark(examinee, exam, sample_exam(exam, arguments.count, arguments.seed)))
        print(f"{exam:10} {scores[-1].share:.3f} of {scores[-1].asked}, bar {EXAMS[exam].bar:.2f}", flush=True)
        for request, true, said in scores[-1].mistakes[:6]:
            print(f"    {request!r}: {true!r}, said {said!r}")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(score) for score in scores], indent=2) + "\n")


if __name__ == "__main__":
    main()
