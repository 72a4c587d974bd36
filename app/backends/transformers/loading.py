"""What torch computes on here, and in which numbers: tried, and not believed. It loads no model."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoTokenizer
from transformers.utils import logging

from app.backends import chat_template
from app.config import BITS, Precision
from app.errors import ModelError, UsageError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
NAMES = {"mps": "Metal", "cuda": "CUDA", "cpu": "the CPU"}
SLOW = "Running on the CPU (torch finds no GPU here); a GPU is many times faster."
ROUGH = "bfloat16 does not work with torch on {place} here, so it computes in float32, in twice the memory."


@dataclass(frozen=True, slots=True)
class Device:
    """Where and how exactly."""

    name: str
    """As torch says it: `mps`, `cuda` or `cpu`."""
    precision: Precision
    warnings: tuple[str, ...] = ()
    """Lines for the banner."""

    @property
    def dtype(self) -> Any:
        return DTYPES[self.precision]

    @property
    def words(self) -> str:
        """`transformers on Metal in bfloat16`."""
        return f"transformers on {NAMES[self.name]} in {self.precision}"

    def settle(self) -> None:
        """On the CPU, leave a core to the camera: torch's threads wait for one another in a loop.

        With two of them on two busy cores the demo model took 0.39 s a caption, with one 0.04 (2026-11-21).
        """
        if self.name == "cpu":
            torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))

    def free(self) -> None:
        """Give back what torch keeps for the next model."""
        if self.name != "cpu":
            getattr(torch, self.name).empty_cache()


def device(wished: Precision | None = None) -> Device:
    """The best device that there is, with the wished numbers, or the ones that suit it.

    Raises:
        UsageError: it does not compute in the wished ones.
    """
    name = best()
    slow = (SLOW,) if name == "cpu" else ()
    if wished is not None:
        if wished in BITS or not computes(name, wished):
            raise UsageError(
                f"transformers does not compute in {wished} on {NAMES[name]}",
                "leave --precision out, or take float32; --backend mlx has models in 8 and 4 bits",
            )
        return Device(name, wished, slow)
    if name == "cpu":
        return Device(name, "float32", slow)
    if computes(name, "bfloat16"):
        return Device(name, "bfloat16")
    return Device(name, "float32", (ROUGH.format(place=NAMES[name]),))


def best() -> str:
    """Metal before CUDA, for no machine has both."""
    if torch.backends.mps.is_available():
        return "mps"
    return "cuda" if torch.cuda.is_available() else "cpu"


def computes(name: str, precision: Precision) -> bool:
    """Whether what a transformer consists of can be computed: a product, a softmax and a norm."""
    try:
        one = torch.ones((8, 8), dtype=DTYPES[precision], device=name)
        found = torch.nn.functional.layer_norm(torch.softmax(one @ one, dim=-1), (8,))
        return bool(torch.isfinite(found).all().item())
    except (RuntimeError, TypeError, AssertionError):  # torch asserts what it was built with
        return False


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
