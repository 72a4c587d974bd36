"""Does the loader count positions as config.json says? Another part of the fourth stage.

transformers 5 writes rope_theta into rope_parameters alone, where mlx-vlm does not look for every architecture; what it
then guesses makes captions wrong without a word.
"""

from collections.abc import Mapping
from typing import Any

from app.check.facts import Finding
from app.check.model.files import Checkpoint

GUESSED = ("smolvlm", "idefics3")
"""Architectures for which mlx-vlm guesses another rope_theta than the models were trained with: 1,000,000."""


def counting(checkpoint: Checkpoint, config: Any) -> list[Finding]:
    """One finding where the loader would guess; nothing where it knows. `config`: its own, defaults filled in."""
    used, said = getattr(getattr(config, "text_config", None), "rope_theta", None), rope_theta(checkpoint.config)
    if isinstance(used, int | float):
        is_known = used == said or (said is None and checkpoint.architecture not in GUESSED)
        return [] if is_known else [_guess(used, said)]
    text = _text(checkpoint.config)
    if "rope_theta" in text and said is None and not text.get("rope_parameters"):
        return [_spoilt(f"config.json gives no number for rope_theta, but {text['rope_theta']!r}")]
    return []


def rope_theta(config: Mapping[str, Any]) -> float | None:
    """What config.json says: rope_parameters first, as transformers reads it."""
    text = _text(config)
    for place in (text.get("rope_parameters"), text):
        said = place.get("rope_theta") if isinstance(place, Mapping) else None
        if isinstance(said, int | float):
            return said
    return None


def _text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The language model's part; some configs have no parts."""
    text = config.get("text_config") or config.get("llm_config") or config
    return text if isinstance(text, Mapping) else {}


def _guess(used: float, said: float | None) -> Finding:
    told = "config.json does not say" if said is None else f"config.json says {said:,}"
    return _spoilt(f"mlx-vlm would count positions with rope_theta {used:,}, and {told}", said)


def _spoilt(sentence: str, said: float | None = None) -> Finding:
    number = "the number that the model's card gives" if said is None else f"{said}"
    remedy = f"write rope_theta into text_config of config.json: {number}"
    return Finding("fit", "bad", sentence, remedy, "rope-theta")
