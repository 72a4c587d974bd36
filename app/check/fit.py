"""The dry run of the loader: does every tensor that mlx-vlm expects exist, with its shape? No weights are read."""

import logging
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from traceback import StackSummary, extract_tb
from typing import Any

from packaging.version import Version

from app.check.checkpoint import COMPLETE, Checkpoint, one_line
from app.check.findings import Finding
from app.models.convert import GUESSED, rope_theta, text_of
from app.models.registry import Bound, Card
from app.models.safetensors import read_header


def in_range(card: Card, installed: str) -> list[Finding]:
    """`installed`: the version of mlx-vlm. One finding a bound that is not kept, else one that is ok."""
    spoilt = [finding for bound in card.loader if (finding := _beyond(bound, card.name, Version(installed)))]
    return spoilt or [Finding("loader", "ok", f"mlx-vlm {installed}{_range(card.loader)}")]


def _beyond(bound: Bound, name: str, installed: Version) -> Finding | None:
    hint = "./install.sh installs the version that looksay was tested with"
    if bound.least and installed < Version(bound.least):
        sentence = f"mlx-vlm {installed} is too old for {name}, which needs {bound.least}: {bound.why}"
        return Finding("loader", "bad", sentence, hint, "loader-too-old")
    if bound.before and installed >= Version(bound.before):
        sentence = f"mlx-vlm {installed} is too new for {name}, which needs one before {bound.before}: {bound.why}"
        return Finding("loader", "bad", sentence, hint, "loader-too-new")
    return None


def _range(bounds: tuple[Bound, ...]) -> str:
    least = [f"{bound.least} or later" for bound in bounds if bound.least]
    before = [f"one before {bound.before}" for bound in bounds if bound.before]
    return f"; this model needs {' and '.join(least + before)}" if bounds else ""


VISUAL = ("vis", "connector", "image", "img", "siglip", "clip", "vit", "patch_emb")
"""What the names of vision towers and connectors have in them, in all of mlx-vlm's architectures."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """How a family's eyes are called: a part of a tensor's name, in the hub's and in MLX's names alike."""

    tower: frozenset[str]
    connector: frozenset[str]
    hint: str
    """Which complete checkpoint to take."""


def _eyes(tower: str, connector: str, instead: str) -> Eyes:
    hint = f"./install.sh --model {instead} fetches a complete one"
    return Eyes(frozenset(tower.split()), frozenset(connector.split()), hint)


IDEFICS = _eyes("vision_model", "connector", "smolvlm2-256m")
FASTVLM = _eyes("vision_tower", "mm_projector", "fastvlm-0.5b")
BUNNY = _eyes("vision_tower", "mm_projector", "nanollava-1.5")
LFM2 = _eyes("vision_tower", "multi_modal_projector", "lfm2-vl-450m")
QWEN3 = _eyes("visual vision_tower", "merger", "qwen3-vl-2b")
FAMILIES = {
    "smolvlm": IDEFICS,
    "idefics3": IDEFICS,
    "llava_qwen2": FASTVLM,
    "fastvlm": FASTVLM,
    "llava-qwen2": BUNNY,
    "bunny-llama": BUNNY,
    "lfm2_vl": LFM2,
    "lfm2-vl": LFM2,
    "qwen3_vl": QWEN3,
}
CONNECTORS = frozenset[str]().union(*(each.connector for each in FAMILIES.values()))


def look(checkpoint: Checkpoint) -> list[Finding]:
    """One finding for a family that is known; none for another, which `fit` asks the loader about."""
    family = FAMILIES.get(checkpoint.architecture.lower())
    connectors = [name for name in checkpoint.tensors if _has(name, CONNECTORS)]
    if family is None or (connectors and not any(_has(name, family.connector) for name in connectors)):
        return []  # eyes of another kind: such weights are not blind but foreign, and the loader says so
    tower = [name for name in checkpoint.tensors if _has(name, family.tower) and name not in connectors]
    if tower and connectors:
        sentence = f"vision tower and connector are there: {len(tower)} and {len(connectors)} tensors"
        return [Finding("eyes", "ok", sentence)]
    return [no_eyes(checkpoint, _missing(bool(tower), bool(connectors)), family.hint)]


def no_eyes(checkpoint: Checkpoint, missing: str, hint: str = COMPLETE) -> Finding:
    """`missing`: what of the eyes is not there, as a clause."""
    coreml = sorted(path.name for path in checkpoint.folder.glob("*.mlpackage"))
    why = f"its eyes are in {coreml[0]}, for CoreML alone" if coreml else "it is an LLM-only or CoreML export"
    return Finding("eyes", "bad", f"this model has no vision part: {missing}; {why}", hint, "no-eyes")


def is_visual(name: str) -> bool:
    """Whether a tensor or a module belongs to a vision tower or a connector, by its name, in any architecture."""
    return any(word in name.lower() for word in VISUAL)


def _has(name: str, parts: frozenset[str]) -> bool:
    return not parts.isdisjoint(name.split("."))


def _missing(has_tower: bool, has_connector: bool) -> str:
    if has_tower:
        return "the connector between vision tower and language model is missing"
    return "the vision tower is missing" if has_connector else "vision tower and connector are missing"


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


def run_loader(folder: Path) -> Plan:
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


OWN = ("scales", "biases")
"""What MLX keeps of a quantized layer beside its weight."""
TRACES = (*OWN, "qweight", "qzeros", "g_idx", "absmax", "quant_map", "weight_packed", "weight_scale")
"""The same of GPTQ and AWQ, bitsandbytes and compressed-tensors: the last part of a tensor's name."""


def quantization(config: Mapping[str, Any], plan: Plan) -> Finding | None:
    """One finding where layers of the model are packed in another way than the loader would unpack them."""
    if not (_undescribed(plan) or _unpacked(plan) or _packed_otherwise(plan)):
        return None
    said = config.get("quantization")
    if isinstance(said, dict):
        what = f"config.json says {said.get('bits')} bits in groups of {said.get('group_size')}, and the weights differ"
    else:
        what = "the weights are quantized, and config.json does not say so in MLX's words (quantization)"
    return Finding("fit", "bad", what, "take config.json and weights from one and the same repository", "quantization")


def _undescribed(plan: Plan) -> bool:
    """Traces of quantization in layers that the loader expects plain."""
    foreign = (name.rpartition(".") for name in plan.found.keys() - plan.expected.keys())
    return any(
        trace in TRACES and (layer in plan.expected or f"{layer}.weight" in plan.expected)
        for layer, _, trace in foreign
    )


def _unpacked(plan: Plan) -> bool:
    """Plain layers that the loader expects quantized."""
    missing = (name.rpartition(".") for name in plan.expected.keys() - plan.found.keys())
    return any(trace in OWN and f"{layer}.weight" in plan.found for layer, _, trace in missing)


def _packed_otherwise(plan: Plan) -> bool:
    """Whether the only shapes that differ are those of quantized layers, and only in how far they are packed."""
    unlike = plan.unlike()
    return bool(unlike) and all(
        f"{name.rpartition('.')[0]}.scales" in plan.found and plan.found[name][:-1] == plan.expected[name][:-1]
        for name in unlike
    )


def judge_plan(checkpoint: Checkpoint, plan: Plan) -> list[Finding]:
    """Everything that keeps the loader from taking this checkpoint, or one finding that is ok."""
    if blindness := _blindness(checkpoint, plan):
        return [no_eyes(checkpoint, blindness)]
    if spoilt := quantization(checkpoint.config, plan):
        return [spoilt]
    sentence = f"{len(plan.found):,} tensors, as {checkpoint.architecture} expects them"
    return [*differences(plan)] or [Finding("fit", "ok", sentence)]


def differences(plan: Plan) -> Iterator[Finding]:
    """What is missing, what is too much, and what has another shape than the config says."""
    missing, foreign = plan.expected.keys() - plan.found.keys(), plan.found.keys() - plan.expected.keys()
    if missing:
        sentence = f"{_some(missing)} that the loader expects {_is(missing)} missing"
        yield Finding("fit", "bad", sentence, COMPLETE, "tensors-missing")
    if foreign:
        sentence = f"{_some(foreign)} {_is(foreign)} in the file and nowhere in the model that config.json describes"
        hint = "take config.json and weights from one and the same repository"
        yield Finding("fit", "bad", sentence, hint, "tensors-foreign")
    if unlike := plan.unlike():
        yield Finding("fit", "bad", _shapes(unlike, plan), "take config.json and weights of one revision", "shapes")


def _blindness(checkpoint: Checkpoint, plan: Plan) -> str:
    """What of the eyes is not there, of an architecture whose names are not known; nothing where it may see."""
    if any(map(is_visual, plan.found.keys() - plan.expected.keys())):
        return ""  # eyes of another kind: such weights are not blind but foreign
    if gone := [name for name in plan.dropped if is_visual(name)]:
        return f"{gone[0]} has no weights"
    if any(map(is_visual, plan.found)):
        return ""
    if any(map(is_visual, plan.expected)):
        return "the vision tower is missing"
    return "" if takes_pictures(checkpoint.architecture) else f"{checkpoint.architecture} is a language model alone"


def _shapes(unlike: list[str], plan: Plan) -> str:
    first = unlike[0]
    more = f", and {len(unlike) - 1} more like it" if len(unlike) > 1 else ""
    return f"{first} has the shape {plan.found[first]} where config.json makes it {plan.expected[first]}{more}"


def _some(names: Collection[str]) -> str:
    first = min(names)
    return f"the tensor {first}" if len(names) == 1 else f"{len(names):,} tensors ({first}, …)"


def _is(names: Collection[str]) -> str:
    return "is" if len(names) == 1 else "are"


PARTS = ("text_config", "llm_config", "vision_config", "quantization")
"""What config.json says of the model's parts, each an object of its own."""
LAYERS = ("num_hidden_layers", "num_layers", "n_layers", "n_layer", "depth")
SAME_REPOSITORY = "take config.json from the repository that the weights come from"


def known(checkpoint: Checkpoint) -> list[Finding]:
    """What keeps the loader from even choosing an architecture and building it; nothing if it can."""
    if named := checkpoint.config.get("model_file"):
        sentence = f"config.json wants the program {named} to be run, and looksay runs no code out of a model's folder"
        return [Finding("fit", "bad", sentence, COMPLETE, "config-unfit")]
    if not checkpoint.architecture:
        sentence = "config.json names no model_type"
        return [Finding("fit", "bad", sentence, SAME_REPOSITORY, "model-type-unknown")]
    if not knows(checkpoint.architecture):
        sentence = f"the installed mlx-vlm knows no architecture {checkpoint.architecture!r}"
        return [Finding("fit", "bad", sentence, COMPLETE, "model-type-unknown")]
    return [Finding("fit", "bad", each, SAME_REPOSITORY, "config-unfit") for each in _oddities(checkpoint)]


def plan(checkpoint: Checkpoint) -> Plan | Finding:
    """What the loader would do, or why it refuses: with KeyError, ValueError, TypeError or an overflow.

    An AttributeError or IndexError counts as well where it comes out of mlx-vlm; elsewhere it is a defect of the
    check, and no verdict, like everything else that is raised.
    """
    try:
        return run_loader(checkpoint.folder)
    except KeyError as error:
        return _key(str(error.args[0]) if error.args else "")
    except (AttributeError, IndexError) as error:
        if "mlx_vlm" not in Path(_frames(error)[-1].filename).parts:
            raise
        return _refused(one_line(error))
    except (ValueError, TypeError, ArithmeticError) as error:
        is_over_tensors = any(frame.name == "sanitize" for frame in _frames(error))
        return _unnamed(checkpoint, one_line(error)) if is_over_tensors else _refused(one_line(error))


def _oddities(checkpoint: Checkpoint) -> Iterator[str]:
    """What would end the loader without a word of reason, or keep it building for hours."""
    parts = {"": checkpoint.config, **{name: checkpoint.config.get(name) for name in PARTS}}
    for name, part in parts.items():
        if part is not None and not isinstance(part, Mapping):
            yield f"{name} of config.json is no JSON object"
    for part in parts.values():
        layers = max((_number(part, name) for name in LAYERS), default=0)
        if layers > len(checkpoint.tensors):
            yield f"config.json speaks of {layers:,} layers, and all weights are {len(checkpoint.tensors):,} tensors"


def _number(part: object, name: str) -> int:
    said = part.get(name) if isinstance(part, Mapping) else None
    return said if isinstance(said, int) else 0


def _key(name: str) -> Finding:
    """A KeyError is about a tensor if what it names has the dots of a tensor's name, and else about config.json."""
    if "." in name:
        sentence = f"the tensor {name} that the loader asks for is missing"
        return Finding("fit", "bad", sentence, COMPLETE, "tensors-missing")
    if name in ("bits", "group_size"):
        sentence = f"config.json does not say the {name} of its quantization"
        return Finding("fit", "bad", sentence, SAME_REPOSITORY, "quantization")
    return Finding("fit", "bad", f"config.json does not say {name}", SAME_REPOSITORY, "config-unfit")


def _frames(error: Exception) -> StackSummary:
    return extract_tb(error.__traceback__)


def _unnamed(checkpoint: Checkpoint, reason: str) -> Finding:
    sentence = f"the weights are not those of a {checkpoint.architecture}: the loader gives up on them ({reason})"
    return Finding("fit", "bad", sentence, SAME_REPOSITORY, "tensors-foreign")


def _refused(reason: str) -> Finding:
    code = "quantization" if "quantiz" in reason else "config-unfit"
    return Finding("fit", "bad", f"the loader refuses config.json or weights: {reason}", SAME_REPOSITORY, code)


CARRIED = ("ernie4_5_moe_vl", "paddleocr_vl")
"""Architectures whose loader carries rope_parameters along and counts with its own rope_theta all the same. The others
that carry them read them (mlx-vlm 0.7.10)."""


def counting(checkpoint: Checkpoint, config: Any) -> list[Finding]:
    """One finding where the loader would guess; nothing where it knows. `config`: its own, defaults filled in."""
    its = getattr(config, "text_config", None)
    used, said = getattr(its, "rope_theta", None), rope_theta(checkpoint.config)
    if isinstance(used, int | float):
        is_said = used == said or (checkpoint.architecture not in CARRIED and _read(its) == said is not None)
        is_known = is_said or (said is None and checkpoint.architecture not in GUESSED)
        return [] if is_known else [_guess(used, said)]
    text = text_of(checkpoint.config)
    if "rope_theta" in text and said is None and not text.get("rope_parameters"):
        return [_spoilt(f"config.json gives no number for rope_theta, but {text['rope_theta']!r}")]
    return []


def _read(its: Any) -> object:
    """What a loader finds that looks into rope_parameters itself."""
    parameters = getattr(its, "rope_parameters", None)
    return parameters.get("rope_theta") if isinstance(parameters, Mapping) else None


def _guess(used: float, said: float | None) -> Finding:
    told = "config.json does not say" if said is None else f"config.json says {said:,}"
    return _spoilt(f"mlx-vlm would count positions with rope_theta {used:,}, and {told}", said)


def _spoilt(sentence: str, said: float | None = None) -> Finding:
    number = "the number that the model's card gives" if said is None else f"{said}"
    hint = f"write rope_theta into text_config of config.json: {number}"
    return Finding("fit", "bad", sentence, hint, "rope-theta")
