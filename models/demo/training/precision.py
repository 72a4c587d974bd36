"""Does quantization destroy vision? The demo model's exams again, in fewer and fewer bits.

`python -m models.demo.training.precision [--count N]` prints the answer as a Markdown table: exact answers to the same
pictures for every precision, with 95 % intervals, and how many answers are not those of float32. No torch.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from mlx import nn

from app.models.convert import LAYERS
from models.demo.training.exams import Question, sample_exam
from models.demo.training.score import Examinee

FOLDER = Path(__file__).parents[1]
ASKED = {"stills": "1–2 shapes", "threes": "3 shapes", "motion": "motion", "questions": "questions"}
"""Exams, and what their columns are called."""
EYES = ("vision_model.", "connector.")
GROUP = 64
"""Weights that share one scale; it divides every width of the demo model."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the table."""

    layers: int = 0
    """Bits of the language model's layers, those that the app quantizes; 0 is float32."""
    eyes: int = 0
    """Bits of the vision tower and the connector: every linear layer and the table of positions."""

    def examinee(self, folder: Path) -> Examinee:
        """The model of a folder in this precision; scales are float32, as everywhere on a CPU."""
        found = Examinee(folder)
        _quantize(found.model, self.layers, lambda path: bool(LAYERS.match(path)))
        _quantize(found.model, self.eyes, lambda path: path.startswith(EYES))
        return found


VARIANTS = (
    *(Variant(), Variant(8), Variant(0, 8), Variant(8, 8), Variant(4), Variant(0, 4), Variant(4, 4)),
    *(Variant(3, 3), Variant(2, 2)),  # the exams must be able to notice
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="pictures or clips in each exam")
    count = parser.parse_args().count
    for line in table(FOLDER, {exam: sample_exam(exam, count) for exam in ASKED}):
        print(line, flush=True)


def table(folder: Path, exams: dict[str, Sequence[Question]]) -> Iterator[str]:
    """The lines of the table, each as soon as it is known."""
    heads = ["language model", "eyes", *(ASKED[exam] for exam in exams), "all", "answers changed"]
    yield f"| {' | '.join(heads)} |"
    yield "|---|---|" + "---:|" * (len(heads) - 2)
    asked = [question for questions in exams.values() for question in questions]
    exact: list[str] = []
    for variant in VARIANTS:
        examinee = variant.examinee(folder)
        told = [examinee.answer(list(question.tiles), question.request) for question in asked]
        exact = exact or told
        yield row(variant, exams, told, exact)


def row(variant: Variant, exams: dict[str, Sequence[Question]], told: Sequence[str], exact: Sequence[str]) -> str:
    """One line: the share of right answers in each exam and in all, and the number that float32 did not give."""
    cells, first = [], 0
    for questions in exams.values():
        cells.append(share(questions, told[first : first + len(questions)]))
        first += len(questions)
    every = [question for questions in exams.values() for question in questions]
    changed = sum(said != before for said, before in zip(told, exact, strict=True))
    named = [f"{bits}-bit" if bits else "float32" for bits in (variant.layers, variant.eyes)]
    return f"| {' | '.join([*named, *cells, share(every, told)])} | {changed} of {len(told)} |"


def share(questions: Sequence[Question], told: Sequence[str]) -> str:
    """Exact answers in per cent, with their 95 % interval."""
    right = sum(question.answer == said for question, said in zip(questions, told, strict=True))
    low, high = interval(right, len(told))
    return f"{right / len(told):.1%} ({low:.1%}–{high:.1%})"


def interval(right: int, asked: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (E. B. Wilson, JASA 22, 1927), which holds near 100 % too."""
    z = 1.96
    centre, spread = right + z * z / 2, z * sqrt(right * (asked - right) / asked + z * z / 4)
    return max(0.0, (centre - spread) / (asked + z * z)), min(1.0, (centre + spread) / (asked + z * z))


def _quantize(model: nn.Module, bits: int, is_meant: Callable[[str], bool]) -> None:
    if bits:
        nn.quantize(
            model, GROUP, bits, class_predicate=lambda path, part: is_meant(path) and hasattr(part, "to_quantized")
        )


if __name__ == "__main__":
    main()
