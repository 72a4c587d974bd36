"""From tokens to text: what a listener is not to hear, and what it has cost all the same."""

from pathlib import Path

import pytest

from app.backends.mlx.loading import load
from app.backends.mlx.speculative import Burst, Speech

DEMO = Path(__file__).parents[3] / "models" / "demo"


@pytest.mark.parametrize("special", ["<image>", "<|im_start|>", "<fake_token_around_image>"])
def test_special_tokens_are_counted_and_not_spoken(special: str) -> None:
    processor = load(DEMO).processor
    words = processor.tokenizer(" A red circle", add_special_tokens=False).input_ids
    mark = processor.tokenizer.convert_tokens_to_ids(special)
    pieces = list(Speech(processor).pieces(Burst((*words[:1], mark, *words[1:]), forwards=1, is_last=True)))
    assert "".join(piece.text for piece in pieces).strip() == "A red circle"
    assert pieces[-1].cost.tokens == len(words) + 1
