"""What config.json says of rope_theta, the number that positions are counted with, and of which models it must say it.

transformers 5 writes it into rope_parameters alone, where mlx-vlm does not look for every architecture; what it then
guesses makes captions wrong without a word. It is written out at install and compared by the check.
"""

from collections.abc import Mapping
from typing import Any

GUESSED = ("smolvlm", "idefics3")
"""Architectures for which mlx-vlm guesses another rope_theta than the models were trained with: 1,000,000."""

PARTS = ("text_config", "llm_config")
"""What the language model's part is called; some configs have no parts."""


def text_part(config: Mapping[str, Any]) -> str:
    """The key of the language model's part; empty where that is the config itself."""
    return next((name for name in PARTS if config.get(name)), "")


def text_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The language model's part of config.json; empty where it is no JSON object."""
    name = text_part(config)
    text = config[name] if name else config
    return text if isinstance(text, Mapping) else {}


def rope_theta(config: Mapping[str, Any]) -> float | None:
    """What config.json says, None if it gives no number: rope_parameters first, as transformers reads it."""
    text = text_of(config)
    for place in (text.get("rope_parameters"), text):
        said = place.get("rope_theta") if isinstance(place, Mapping) else None
        if isinstance(said, int | float):
            return said
    return None
