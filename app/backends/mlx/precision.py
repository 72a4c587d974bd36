"""How exactly a loaded model computes: its weights' type, or the language model's layers in fewer bits.

What is quantized is what the installation quantizes (app/models/layers.py); the eyes never are. What a published
model has lost by quantization cannot be given back here.
"""

from typing import Any

import mlx.core as mx
from mlx.nn.layers.base import Module
from mlx.nn.layers.quantized import quantize

from app.config import BITS, Precision
from app.errors import UsageError
from app.models.layers import LAYERS

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
