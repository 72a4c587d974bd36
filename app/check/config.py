"""Is config.json one that the loader understands? The first part of the fourth stage."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from traceback import StackSummary, extract_tb

from app.check import fit
from app.check.absence import COMPLETE, one_line
from app.check.files import Checkpoint
from app.check.findings import Finding
from app.check.fit import Plan

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
    if not fit.knows(checkpoint.architecture):
        sentence = f"the installed mlx-vlm knows no architecture {checkpoint.architecture!r}"
        return [Finding("fit", "bad", sentence, COMPLETE, "model-type-unknown")]
    return [Finding("fit", "bad", each, SAME_REPOSITORY, "config-unfit") for each in _oddities(checkpoint)]


def plan(checkpoint: Checkpoint) -> Plan | Finding:
    """What the loader would do, or why it refuses: with KeyError, ValueError, TypeError or an overflow.

    An AttributeError or IndexError counts as well where it comes out of mlx-vlm; elsewhere it is a defect of the
    check, and no verdict, like everything else that is raised.
    """
    try:
        return fit.plan(checkpoint.folder)
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
