"""transformers as a row of the bench, where torch is installed."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.card import Card
from app.errors import ModelError
from app.flow import Frame, Request
from app.wish import AS_PUBLISHED
from tests import needs
from tests.fixtures.families.smolvlm import make_small_smolvlm
from tests.running import DEMO

pytestmark = needs.module("torch", even_in_ci=True)


def test_it_says_of_a_frame_what_looksay_says() -> None:
    from app.vision import rivals
    from app.vision.loaded import load
    from app.vision.reference import Reference

    pixels = np.full((480, 640, 3), 120, np.uint8)
    cv2.circle(pixels, (110, 90), 60, (210, 35, 40), -1, cv2.LINE_AA)
    rival = rivals.single(load(Path(DEMO)), Card("demo"), AS_PUBLISHED)
    reference = Reference(Path(DEMO), rival.loaded.processor.tokenizer, rival.prepare)
    (piece,) = reference.describe(Request((Frame(pixels, 0.0, 0.0, 0),), "Describe the scene."))
    assert piece.text.strip() == "A red circle is in the top left."
    assert (piece.cost.image_tokens, piece.cost.forwards) == (16, piece.cost.tokens + 1)


def test_a_folder_with_other_names_is_refused_and_not_filled_with_random_numbers(tmp_path: Path) -> None:
    from app.vision.reference import Reference

    with pytest.raises(ModelError, match="misses"):
        Reference(make_small_smolvlm(tmp_path / "small", names="mlx"), None, lambda _request: {})
