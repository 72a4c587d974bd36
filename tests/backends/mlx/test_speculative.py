"""Choosing words: as mlx-vlm does, ties and all."""

import mlx.core as mx

from app.backends.mlx.speculative import greedy


def test_of_words_that_rounding_makes_equally_likely_the_first_is_said() -> None:
    """In bfloat16 log-probabilities are coarser than the logits that they were made of, and mlx-vlm compares them."""
    logits = mx.zeros((1, 1000), mx.bfloat16)
    logits[0, 100], logits[0, 200] = 0.5, 0.50390625
    likely = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
    assert logits[0, 200].item() > logits[0, 100].item()
    assert likely[0, 200].item() == likely[0, 100].item()
    assert greedy(logits).tolist() == [100]
