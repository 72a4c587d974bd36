"""Are the quantized layers packed as config.json says? Another part of the fourth stage."""

from collections.abc import Mapping
from typing import Any

from app.check.findings import Finding
from app.check.fit import Plan

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
