"""A loaded model: its inputs, parts, token counts and number types. It does not generate.

What mlx-vlm passes over in silence (no vision tower, no chat template, a wrong token count) is an error here.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx_vlm
from mlx.nn.layers.base import Module
from mlx.nn.layers.quantized import quantize
from mlx_vlm.utils import should_add_special_tokens
from PIL.Image import Image

from app.backends import chat_template
from app.backends.mlx import cpu
from app.cleaning import is_thinking_mark, opens_thinking
from app.config import BITS, Precision
from app.errors import ModelError, UsageError
from app.models.convert import LAYERS

GROUPS = (64, 32)
"""How many weights may share one scale, the cheaper first; MLX has kernels for these."""

DTYPES = {"float32": mx.float32, "bfloat16": mx.bfloat16, "float16": mx.float16}


def bring(model: Module, precision: Precision | None) -> None:
    """Bring a model, as it was loaded, to a precision; nothing is evaluated.

    Raises:
        UsageError: it is quantized already, to something else, or it has no layer that can be.
    """
    if precision is None:
        return
    has = bits(model)
    if precision not in BITS:
        if has:
            raise _too_late(has, precision)
        model.set_dtype(DTYPES[precision])
    elif not has:
        _quantize(model, BITS[precision])
    elif has != {BITS[precision]}:
        raise _too_late(has, precision)


def called(model: Module, wished: Precision | None) -> str:
    """What the banner says of it: `4-bit`, `4- and 6-bit`, `float16 weights` if that was wished for, else nothing.

    A published type goes without saying: what is computed in is the device's affair, and it says so itself.
    """
    if has := bits(model):
        return "- and ".join(str(each) for each in sorted(has)) + "-bit"
    return f"{wished} weights" if wished else ""


def bits(model: Module) -> set[int]:
    """The numbers of bits that the language model's layers are quantized to; empty where none is."""
    modules: Any = model.named_modules()  # type: ignore[no-untyped-call]
    return {module.bits for path, module in modules if LAYERS.match(path) and hasattr(module, "bits")}


def _quantize(model: Module, wanted: int) -> None:
    def how(path: str, module: Module) -> bool | dict[str, int]:
        """MLX asks this of every module; one whose width no group divides stays as it is."""
        if not LAYERS.match(path) or not hasattr(module, "to_quantized"):
            return False
        group = next((size for size in GROUPS if module.weight.shape[-1] % size == 0), None)
        return {"group_size": group, "bits": wanted} if group else False

    quantize(model, class_predicate=how)
    if not bits(model):
        raise UsageError(f"no layer of this model can be made {wanted}-bit", "leave --precision out")


def _too_late(has: set[int], wished: Precision) -> UsageError:
    published = "- and ".join(str(each) for each in sorted(has))
    return UsageError(
        f"this model's layers are {published}-bit already, and cannot be made {wished} any more",
        "leave --precision out, or take a copy of the model that is published unquantized",
    )


UNFIT = "copy or download the folder again, or take the default; ./run.sh demo shows whether looksay itself works"
LACKING = 'take a complete one, or the default; more in KNOWN_ISSUES.md, "Files that are missing and not missed"'
FAILURES = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError, ImportError)
"""What mlx-vlm and transformers raise over a folder or an input that they cannot take."""
EYES = re.compile(r"vis(ion|ual)")
DROPPED = re.compile(r"vis(ion|ual)|project|connect")
"""Names that mlx-vlm gives to towers and connectors. It sets those of which a checkpoint has nothing to None."""

Inputs = dict[str, Any]
"""Token ids, pixels and masks of one request, named as mlx-vlm's generation takes them."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and its processor, evaluated on this thread."""

    folder: Path
    model: Any
    processor: Any
    precision: str
    """As the banner says it; empty for the type that was published."""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def architecture(self) -> str:
        """The folder of mlx_vlm.models that serves it. A `model_type` may be an alias, and two have shared one."""
        return type(self.model).__module__.split(".")[2]

    @property
    def image_token_id(self) -> int | None:
        """The id in whose places the model puts what it sees; None where it needs none."""
        config = self.model.config
        named: list[int | None] = [getattr(config, name, None) for name in ("image_token_index", "image_token_id")]
        return next((found for found in named if found is not None), None)

    def inputs(self, pictures: Sequence[Image], prompt: str) -> Inputs:
        """What the model's own processor and chat template make of pictures (oldest first) and a prompt."""
        made = mlx_vlm.prepare_inputs(
            self.processor,
            images=list(pictures),
            prompts=self.rendered(prompt, len(pictures)),
            image_token_index=self.image_token_id,
            add_special_tokens=should_add_special_tokens(self.model.config.model_type, self.processor),
        )
        return {"mask" if name == "attention_mask" else name: value for name, value in made.items()}

    def rendered(self, prompt: str, pictures: int) -> Any:
        """The prompt in the model's chat template: mostly one string."""
        return mlx_vlm.apply_chat_template(self.processor, self.model.config, prompt, num_images=pictures)

    def starts_thinking(self) -> bool:
        """Whether the chat template opens the model's thinking, so that only its closing mark is generated."""
        return opens_thinking(str(self.rendered("What do you see?", 1)))

    def has_thinking_tokens(self) -> bool:
        """Whether marks of thinking are special tokens here: skipped before cleaning, thinking would look like text."""
        return any(map(is_thinking_mark, tokenizer_of(self.processor).all_special_tokens))

    def placeholders(self, inputs: Inputs) -> int:
        """How many of the token ids (1×L int32) stand for something seen."""
        ids: Any = inputs["input_ids"]
        return 0 if self.image_token_id is None else int((ids == self.image_token_id).sum().item())

    def rows(self, inputs: Inputs) -> mx.array:
        """What mlx-vlm itself gives the language model, 1×n×width; MLX is lazy, so the tower is mostly not run yet."""
        given = {name: value for name, value in inputs.items() if name not in ("input_ids", "pixel_values")}
        found: mx.array = self.model.get_input_embeddings(
            inputs["input_ids"], inputs["pixel_values"], **given
        ).inputs_embeds
        return found

    def image_rows(self, inputs: Inputs) -> int:
        """How many of the rows that reach the language model are image and not text.

        Rows are not ids: one placeholder may become hundreds.
        """
        words: int = inputs["input_ids"].shape[1] - self.placeholders(inputs)
        return int(self.rows(inputs).shape[1]) - words


def load(folder: Path, wished: Precision | None = None) -> Loaded:
    """Load model and processor in the wished precision, evaluated on this thread.

    Raises:
        ModelError: they cannot be loaded, or they would run a program, or there are no eyes or no chat template.
        UsageError: the precision cannot be had.
    """
    try:
        refuse_programs(folder)
        model, processor = mlx_vlm.load(str(folder), lazy=True, trust_remote_code=False)
        bring(model, wished)
        name = called(model, wished)
        cpu.settle(model)
        stop_at_turn_end(processor)
    except FAILURES as failure:
        reason = str(failure).strip().splitlines() or [type(failure).__name__]
        raise ModelError(f"the model in {folder} cannot be loaded: {reason[0]}", UNFIT) from failure
    if not has_eyes(model):
        raise ModelError(f"the model in {folder} has no vision part: its vision tower or connector is missing", LACKING)
    if not has_template(processor):
        raise ModelError(f"the model in {folder} has no chat template, so it cannot be asked anything", LACKING)
    return Loaded(folder, model, processor, name)


def tokenizer_of(processor: Any) -> Any:
    return getattr(processor, "tokenizer", processor)


def stop_at_turn_end(processor: Any) -> None:
    """Count the token with which the chat template ends a turn as a stop token, whatever the configs say.

    It is one of the additional ones, which mlx-vlm keeps when it sets the others anew.
    """
    tokenizer = tokenizer_of(processor)
    template = getattr(processor, "chat_template", None) or getattr(tokenizer, "chat_template", None)
    token, stops = chat_template.turn_end(tokenizer, template), getattr(tokenizer, "stopping_criteria", None)
    if token is not None and stops is not None and token not in stops.eos_token_ids:
        stops.additional_eos_token_ids.append(token)
        stops.eos_token_ids.append(token)


def refuse_programs(folder: Path) -> None:
    """mlx-vlm runs the Python file that config.json names as `model_file`, whatever `trust_remote_code` says."""
    named = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_file")
    if named:
        raise ModelError(
            f"the model in {folder} wants to run a program of its own, {named}",
            "looksay runs none; take a model that mlx-vlm knows by itself (./run.sh models)",
        )


def has_eyes(model: Any) -> bool:
    """Whether there is a vision tower, and nothing between it and the language model is missing."""
    dropped = [name for name, part in vars(model).items() if part is None and DROPPED.search(name)]
    return not dropped and any(EYES.search(path) for path, _ in model.named_modules())


def has_template(processor: Any) -> bool:
    holders = (processor, getattr(processor, "tokenizer", None))
    return any(getattr(holder, "chat_template", None) for holder in holders)
