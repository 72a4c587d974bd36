"""The border to mlx-vlm: its own loader is run as far as it goes without weights, and asked what it would take.

The loader does everything here that it does before a model speaks: it finds the architecture, builds the modules,
renames and reshapes tensors, quantizes the layers that the file has quantized, and drops modules that have no
weights. Only what it reads is replaced, by placeholders that are never evaluated, and it is stopped where it would
put the tensors into the model. So nothing of its logic is repeated here that could grow old.

Two names are taken hold of while it runs: `mlx_vlm.utils._load_safetensors` (private; in 0.6.0 to 0.7.10) and
`mlx.nn.Module.load_weights` (public). Where either is gone, that is an exception, and the check says "unknown".
Nothing is downloaded, and no code of the folder is run. Not for several threads at once.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app.models.safetensors import read_header

Shapes = Mapping[str, tuple[int, ...]]
DTYPES = {
    "BOOL": "bool_", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32",
    "U64": "uint64", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32",
    "C64": "complex64", "F8_E4M3": "uint8", "F8_E8M0": "uint8",
}  # fmt: skip
"""What MLX 0.32.4 makes of the format's dtypes when it loads them; it refuses the others."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the loader would put where."""

    expected: Shapes
    """The model's parameters, by name."""
    found: Shapes
    """What it made of the file's tensors, by the same names."""
    config: Any
    """Its own ModelConfig, defaults filled in."""
    dropped: tuple[str, ...]
    """Parts of the model that it gave up, since the file has no weights for them."""

    def unlike(self) -> list[str]:
        """Tensors that are there with another shape than is expected."""
        return sorted(name for name, shape in self.expected.items() if self.found.get(name, shape) != shape)


class _Reached(Exception):
    """The loader has come to where it would take the weights."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan


def plan(folder: Path) -> Plan:
    """Run the loader up to its last step.

    Raises whatever it raises: ValueError, KeyError and TypeError for a folder that it does not take.
    """
    with border():
        from mlx_vlm import utils

        with _replaced(utils, "_load_safetensors", placeholders), _stopped():
            try:
                utils.load_model(folder, lazy=True)
            except _Reached as reached:
                return reached.plan
    raise RuntimeError("mlx-vlm loaded the model without asking for weights")


def knows(architecture: str) -> bool:
    """Whether mlx-vlm has an architecture of this name; its aliases count."""
    from mlx_vlm.utils import MODEL_REMAPPING

    named = MODEL_REMAPPING.get(architecture.lower(), architecture.lower())
    return named.isidentifier() and find_spec(f"mlx_vlm.models.{named}") is not None


def placeholders(path: str) -> dict[str, Any]:
    """The tensors of one file as arrays that are never evaluated: names, shapes and dtypes.

    Raises ValueError where MLX would not load one.
    """
    import mlx.core as mx

    tensors = read_header(Path(path)).tensors
    if strange := [name for name, each in tensors.items() if each.dtype not in DTYPES]:
        raise ValueError(f"{strange[0]} is of a kind that MLX does not load, {tensors[strange[0]].dtype}")
    return {name: mx.zeros(each.shape, getattr(mx, DTYPES[each.dtype])) for name, each in tensors.items()}


def processor(folder: Path) -> Any:
    """Tokenizer, image processor and chat template, as the loader puts them together.

    Raises whatever mlx-vlm and transformers raise.
    """
    with border():
        from mlx_vlm import utils

        made = utils.load_processor(folder, trust_remote_code=False)
        if (own := utils.load_image_processor(folder)) is not None:
            made.image_processor = own
        return made


def has_tokenizer(folder: Path) -> bool:
    """Whether the tokenizer can be made on its own."""
    with border():
        from transformers import AutoTokenizer

        try:
            AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except Exception:  # noqa: BLE001 — transformers raises what it likes over a file that it cannot read
            return False
    return True


def needs_template(architecture: str) -> bool:
    """Whether mlx-vlm asks this architecture through a chat template; a few take the bare prompt."""
    from mlx_vlm.prompt_utils import MODEL_CONFIG

    asked = MODEL_CONFIG.get(architecture.lower())
    return asked is None or not asked.name.startswith("PROMPT")


def takes_pictures(architecture: str) -> bool:
    """Whether mlx-vlm puts pictures into this architecture's prompts."""
    from mlx_vlm.prompt_utils import MODEL_CONFIG

    return architecture.lower() in MODEL_CONFIG


def prompt(processor: Any, config: Any) -> str:
    """A question about one picture, as the chat template writes it."""
    with border():
        from mlx_vlm import apply_chat_template

        return str(apply_chat_template(processor, config, "What do you see?", num_images=1))


def sent(processor: Any, prompt: str, edge: int, image_token: int) -> Mapping[str, Any]:
    """What the processor makes of a prompt and a grey frame of edge × edge pixels; `image_token`: its id."""
    with border():
        from mlx_vlm import prepare_inputs
        from PIL import Image

        grey = Image.new("RGB", (edge, edge), (90, 90, 90))
        return dict(prepare_inputs(processor, images=[grey], prompts=prompt, image_token_index=image_token))


@contextmanager
def border() -> Iterator[None]:
    """Keep the libraries from asking the hub about a local folder, and from telling the log what findings tell."""
    from huggingface_hub import constants

    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with _replaced(constants, "HF_HUB_OFFLINE", True), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _stopped() -> Iterator[None]:
    from mlx.nn.layers.base import Module
    from mlx.utils import tree_flatten

    def stop(model: Any, weights: list[tuple[str, Any]], **_: Any) -> None:
        parameters = dict(tree_flatten(model.parameters(), destination={}))
        expected = {name: tuple(each.shape) for name, each in parameters.items()}
        found = {name: tuple(each.shape) for name, each in weights}
        raise _Reached(Plan(expected, found, getattr(model, "config", None), _dropped(model)))

    with _replaced(Module, "load_weights", stop):
        yield


def _dropped(model: Any) -> tuple[str, ...]:
    """The modules that a new model of the same config has, and this one has no more."""
    gone = [name for name, part in vars(model).items() if part is None]
    new: Any = type(model)(model.config) if gone else {}
    return tuple(name for name in gone if name in new)


@contextmanager
def _replaced(owner: object, name: str, stand_in: Callable[..., Any] | bool) -> Iterator[None]:
    """Raises AttributeError where there is nothing of this name to replace."""
    before = getattr(owner, name)
    setattr(owner, name, stand_in)
    try:
        yield
    finally:
        setattr(owner, name, before)
