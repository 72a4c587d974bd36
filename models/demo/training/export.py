"""Writes the student as an ordinary model folder: `python -m models.demo.training.export CHECKPOINTS FOLDER`.

The files are those of any SmolVLM on the hub. What the training took goes into CHECKPOINTS/record.json; scores and the
model card come later, from score.py and card.py.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast

from models.demo.training import speech
from models.demo.training.lessons import TILE
from models.demo.training.student import ROPE_THETA, Student
from models.demo.training.train import Progress, load

IMAGE_PROCESSOR = {
    "image_processor_type": "SmolVLMImageProcessor",
    "processor_class": "SmolVLMProcessor",
    "do_convert_rgb": True,
    "do_image_splitting": False,
    "do_normalize": True,
    "do_pad": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "max_image_size": {"longest_edge": TILE},
    "size": {"longest_edge": TILE},
    "resample": 1,
    "rescale_factor": 1 / 255,
}
PROCESSOR = {"processor_class": "SmolVLMProcessor", "image_seq_len": speech.IMAGE_TOKENS}


def export(checkpoints: Path, folder: Path) -> None:
    """Everything that a loader needs, weights in bfloat16."""
    folder.mkdir(parents=True, exist_ok=True)
    student, saved = Student(), load(checkpoints)
    student.load_state_dict(saved["student"])
    student.net.to(torch.bfloat16).save_pretrained(folder)
    _tokenizer(checkpoints).save_pretrained(folder)
    _mend_config(folder / "config.json")
    _write(folder / "preprocessor_config.json", IMAGE_PROCESSOR)
    _write(folder / "processor_config.json", PROCESSOR)
    _write(folder / "chat_template.json", {"chat_template": speech.CHAT_TEMPLATE})
    last = Progress(**saved["progress"])
    _write(checkpoints / "record.json", [*last.history, (last.stage, last.steps, round(last.seconds))])


def _tokenizer(checkpoints: Path) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=speech.load(checkpoints).tokenizer,
        bos_token="<|im_start|>", eos_token="<end_of_utterance>", pad_token="<|im_end|>", unk_token="<|endoftext|>",
        additional_special_tokens=["<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>"],
        model_max_length=1024, clean_up_tokenization_spaces=False, padding_side="right",
        chat_template=speech.CHAT_TEMPLATE,
    )  # fmt: skip


def _mend_config(path: Path) -> None:
    """transformers 5 hides rope_theta in rope_parameters, where mlx-vlm does not look: it would silently take 1e6."""
    config = json.loads(path.read_text())
    config["text_config"]["rope_theta"] = ROPE_THETA
    config["torch_dtype"] = "bfloat16"
    _write(path, config)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    export(arguments.checkpoints, arguments.folder)


if __name__ == "__main__":
    main()
