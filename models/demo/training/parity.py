"""Compares mlx-vlm with transformers on a model folder: `python -m models.demo.training.parity FOLDER [--count N]`.

Both compute in float32 on the CPU from the same token ids and pixels. Needs torch.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import torch
from mlx_vlm.prompt_utils import apply_chat_template
from PIL import Image
from transformers import SmolVLMForConditionalGeneration

from models.demo.training.exams import SEED, Question, sample_exam
from models.demo.training.score import MOST_TOKENS, Examinee

EXAMS = ("stills", "threes", "motion", "questions")


@dataclass(frozen=True, slots=True)
class Parity:
    """How alike the two are."""

    same: int
    asked: int
    largest_difference: float
    """Of all logits, over the prompt and the reference's answer."""


def compare(folder: Path, count: int) -> Parity:
    """Ask both `count` questions, equally many of each exam."""
    examinee = Examinee(folder)
    reference = SmolVLMForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    questions = [question for exam in EXAMS for question in sample_exam(exam, count // len(EXAMS), SEED + 1)]
    results = [_compare_one(examinee, reference, question) for question in questions]
    return Parity(sum(same for same, _ in results), len(results), max(difference for _, difference in results))


@torch.no_grad()
def _compare_one(examinee: Examinee, reference: Any, question: Question) -> tuple[bool, float]:
    """Whether the text is the same, and the largest difference of logits."""
    ids, pixels = _inputs(examinee, question)
    whole = reference.generate(
        input_ids=torch.from_numpy(ids), pixel_values=torch.from_numpy(pixels), max_new_tokens=MOST_TOKENS,
        do_sample=False,
    )  # fmt: skip
    said = examinee.processor.tokenizer.decode(whole[0, ids.shape[1] :], skip_special_tokens=True).strip()
    theirs = reference(input_ids=whole, pixel_values=torch.from_numpy(pixels)).logits.numpy()
    ours = np.array(examinee.model(mx.array(whole.numpy()), mx.array(pixels)).logits.astype(mx.float32))
    same = examinee.answer(list(question.tiles), question.request) == said
    return same, float(np.abs(ours - theirs).max())


def _inputs(examinee: Examinee, question: Question) -> tuple[np.ndarray, np.ndarray]:
    """Token ids 1×L int64 and pixels 1×frames×3×128×128 float32, by the model's own processor."""
    prompt = apply_chat_template(
        examinee.processor, examinee.model.config, question.request, num_images=len(question.tiles)
    )
    images = [Image.fromarray(tile) for tile in question.tiles]
    made = examinee.processor(images=images, text=[prompt], add_special_tokens=False)
    return np.array(made["input_ids"]).astype(np.int64), np.array(made["pixel_values"]).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--json", type=Path, help="write the result there")
    arguments = parser.parse_args()
    parity = compare(arguments.folder, arguments.count)
    print(parity)
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(parity), indent=2) + "\n")


if __name__ == "__main__":
    main()
