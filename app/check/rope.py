"""Does the loader count positions as config.json says? Another part of the fourth stage.

It compares what config.json says (app/models/rope.py) with the config that the loader makes of it, and builds no model.
"""

from collections.abc import Mapping
from typing import Any

from app.check.files import Checkpoint
from app.check.findings import Finding
from app.models.rope import GUESSED, rope_theta, text_of

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
