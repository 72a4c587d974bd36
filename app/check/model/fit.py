"""Fourth stage: does the loader find every tensor that it wants, in its shape, and nothing else?"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from app.check.facts import Finding
from app.check.model.absence import COMPLETE
from app.check.model.eyes import is_visual, no_eyes
from app.check.model.files import Checkpoint
from app.check.model.loading import Plan

QUANTIZED = (".scales", ".biases")
"""What a quantized layer has beside its weight."""


def judge_plan(checkpoint: Checkpoint, plan: Plan) -> list[Finding]:
    """Everything that keeps the loader from taking this checkpoint, or one finding that is ok."""
    if blindness := _blindness(plan):
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
        remedy = "take config.json and weights from one and the same repository"
        yield Finding("fit", "bad", sentence, remedy, "tensors-foreign")
    if unlike := _unlike(plan):
        yield Finding("fit", "bad", _shapes(unlike, plan), "take config.json and weights of one revision", "shapes")


def quantization(config: Mapping[str, Any], plan: Plan) -> Finding | None:
    """Quantized layers that config.json does not describe as they are; None where there are none."""
    odd = {*_unlike(plan), *(plan.expected.keys() ^ plan.found.keys())}
    layers = {_layer(name) for name in plan.found if name.endswith(QUANTIZED)}
    if not any(_layer(name) in layers for name in odd) or not _is_packed(odd, plan):
        return None
    said = config.get("quantization")
    if isinstance(said, dict):
        what = f"config.json says {said.get('bits')} bits in groups of {said.get('group_size')}, and the weights differ"
    else:
        what = "the weights are quantized, and config.json does not say how (quantization)"
    return Finding("fit", "bad", what, "take config.json and weights from the same repository", "quantization")


def _blindness(plan: Plan) -> str:
    """What of the eyes is not there, of an architecture whose names are not known; nothing where it can see."""
    if gone := [name for name in plan.dropped if is_visual(name) or name == "connector"]:
        return f"{gone[0]} has no weights"
    if not any(map(is_visual, plan.expected)):
        return "" if any(map(is_visual, plan.found)) else "its architecture is that of a language model"
    return "" if any(map(is_visual, plan.found)) else "the vision tower is missing"


def _unlike(plan: Plan) -> list[str]:
    return sorted(name for name, shape in plan.expected.items() if plan.found.get(name, shape) != shape)


def _is_packed(odd: Collection[str], plan: Plan) -> bool:
    """Whether the trouble is in quantized layers alone, and not that such a layer is missing as a whole."""
    return any(name in plan.found and name.endswith((".weight", *QUANTIZED)) for name in odd)


def _layer(name: str) -> str:
    return name.rpartition(".")[0]


def _shapes(unlike: list[str], plan: Plan) -> str:
    first = unlike[0]
    more = f", and {len(unlike) - 1} more like it" if len(unlike) > 1 else ""
    return f"{first} has the shape {plan.found[first]} where config.json makes it {plan.expected[first]}{more}"


def _some(names: Collection[str]) -> str:
    first = min(names)
    return f"the tensor {first}" if len(names) == 1 else f"{len(names):,} tensors ({first}, …)"


def _is(names: Collection[str]) -> str:
    return "is" if len(names) == 1 else "are"
