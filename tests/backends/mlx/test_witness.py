"""Another mlx-vlm that computes otherwise is found out at the start, whatever it is that it computes otherwise."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx_vlm.models.idefics3.language import LanguageModel

from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.families import FastVlm, SmolVlm
from app.backends.mlx.fast_path import QuickRoad, alike
from app.config import ModelOptions
from app.events import Frame, Request
from tests.backends.mlx.folders import folder
from tests.sweeps import spread

DEMO = Path(__file__).parents[3] / "models" / "demo"

CHANGES: dict[str, Callable[[Any, mx.array], mx.array]] = {
    "upside down": lambda features, pixels: features(pixels[:, ::-1]),
    "blacked out": lambda features, pixels: features(0 * pixels),
    "no features": lambda features, pixels: 0 * features(pixels),
    "no such part": lambda features, _pixels: features.vision_eyes,
}


def change(kind: Any, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    features = kind.features
    monkeypatch.setattr(kind, "features", lambda family, pixels: CHANGES[how](partial(features, family), pixels))


def is_found_out(model: Path) -> bool:
    describer = MlxDescriber(model)
    assert list(describer.describe(Request((Frame(np.zeros((9, 9, 3), np.uint8), 0.0, 0.0, 0),), "What?", 2)))
    slowed = any("slow path" in warning for warning in describer.banner.warnings)
    assert slowed == (describer.road is describer.plain)
    return slowed


@pytest.mark.parametrize("how", CHANGES)
def test_other_features_are_found_out_and_mlx_vlms_own_road_is_taken(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    change(SmolVlm, how, monkeypatch)
    assert is_found_out(DEMO)


@pytest.mark.parametrize("how", spread(["upside down", "no features"], 1))
def test_they_are_found_out_beside_words_that_are_a_hundred_times_as_loud(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    change(FastVlm, how, monkeypatch)
    assert is_found_out(folder("fastvlm-small"))


def test_a_language_model_that_goes_on_otherwise_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = LanguageModel.__call__

    def otherwise(model: Any, *given: Any, **named: Any) -> Any:
        found = theirs(model, *given, **named)
        found.logits = -found.logits
        return found

    monkeypatch.setattr(LanguageModel, "__call__", otherwise)
    assert is_found_out(DEMO)


def test_a_processor_without_the_parts_that_are_needed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: Any, **_named: Any) -> None:
        raise AttributeError("stopping_criteria")

    monkeypatch.setattr(QuickRoad, "__init__", broken)
    assert is_found_out(DEMO)


def test_what_is_as_it_was_is_left_alone() -> None:
    assert not is_found_out(DEMO)


def test_rounding_is_alike_and_more_is_not() -> None:
    rows = mx.array([[1.0, -4.0], [0.5, 2.0]])
    assert alike(rows * 1.004, rows)
    assert not alike(rows[::-1], rows)
    assert alike(rows, mx.array([[float("nan"), 0.0], [0.0, 0.0]]))  # the sight test will tell


def test_frames_of_two_shapes_in_one_question_have_their_own_places() -> None:
    """LFM2 makes 63 image tokens of a 4:3 frame and 60 of 16:9."""
    describer = MlxDescriber(folder("lfm2-vl"), wish=ModelOptions(64))
    frames = [Frame(np.full((*size, 3), 120, np.uint8), 0.0, 0.0, 0) for size in ((480, 640), (720, 1280))]
    request = Request(frames, "What has changed?", 4)
    ours, theirs = (list(road.describe(request)) for road in (describer.road, describer.plain))
    assert ours[-1].cost.image_tokens == 123
    assert "".join(piece.text for piece in ours) == "".join(piece.text for piece in theirs)
