"""A model as transformers has loaded it, whole: what transformers would fill with random numbers is an error.

It runs no program that a folder brings along, and asks no hub.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModelForImageTextToText, AutoTokenizer
from transformers.utils import logging

from app.backends import chat_template
from app.backends.transformers.device import Device
from app.errors import ModelError

FAILURES = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError, ImportError)
"""What transformers and torch raise over a folder or an input that they cannot take."""
PUBLISHED = "take a folder as published on the hub, or leave --backend transformers out"
HERE = {"local_files_only": True, "trust_remote_code": False}
"""How every part is loaded: from the folder alone, and running nothing of it."""
NO_PICKLES = {"use_safetensors": True}
"""Weights in Python's own format can hold a program."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and its tokenizer, on the device."""

    folder: Path
    model: Any
    tokenizer: Any
    device: Device

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def kind(self) -> str:
        """`model_type` of its config.json, as transformers knows it."""
        return str(self.model.config.model_type)

    @property
    def image_token_id(self) -> int | None:
        """The id in whose places the model puts what it sees."""
        config = self.model.config
        named: list[int | None] = [getattr(config, name, None) for name in ("image_token_id", "image_token_index")]
        return next((found for found in named if found is not None), None)

    @property
    def chat_template(self) -> str | None:
        """The tokenizer's, or from the file that older processors kept it in; None if there is none."""
        if self.tokenizer.chat_template:
            return str(self.tokenizer.chat_template)
        try:
            return str(json.loads((self.folder / "chat_template.json").read_text(encoding="utf-8"))["chat_template"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end a description: as the configs say, and as the chat template ends a turn."""
        turn_end = chat_template.turn_end(self.tokenizer, self.chat_template)
        named = (self.model.generation_config.eos_token_id, self.tokenizer.eos_token_id, turn_end)
        each = [found if isinstance(found, list) else [found] for found in named]
        return frozenset(token for tokens in each for token in tokens if token is not None)


def load(folder: Path, device: Device) -> Loaded:
    """Load model and tokenizer onto the device.

    Raises:
        ModelError: they cannot be loaded, or transformers does not find all of the weights.
    """
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    refuse_quantized(folder)
    try:
        AutoConfig.from_pretrained(
            folder, **HERE
        )  # its failures name what is wrong; the model's would speak of the hub
        model, told = AutoModelForImageTextToText.from_pretrained(
            folder, dtype=device.dtype, output_loading_info=True, ignore_mismatched_sizes=True, **HERE, **NO_PICKLES
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, **HERE)
        if missing := {*told["missing_keys"], *told["mismatched_keys"]}:
            raise ModelError(f"transformers misses {len(missing)} tensors in {folder.name}", PUBLISHED)
        return Loaded(folder, model.eval().to(device.name), tokenizer, device)
    except FAILURES as failure:
        reason = str(failure).strip().splitlines() or [type(failure).__name__]
        raise ModelError(f"transformers cannot load the model in {folder}: {reason[0]}", PUBLISHED) from failure


def refuse_quantized(folder: Path) -> None:
    """MLX packs weights in a way of its own, and says so under a name of its own."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as failure:
        raise ModelError(f"the config.json in {folder} cannot be read: {failure}", PUBLISHED) from failure
    packing = config.get("quantization")
    if isinstance(packing, dict):
        raise ModelError(
            f"{folder.name} is quantized for MLX ({packing.get('bits', '?')}-bit), which transformers cannot read",
            "take a model that is published unquantized, or leave --backend transformers out",
        )
