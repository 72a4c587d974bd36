"""mlx-vlm as others use it, as rows of the bench: the same weights, the same words, and honest counts."""

import numpy as np
import pytest

from app.backends.mlx import cpu as device
from app.backends.mlx.cpu import QuickGelu, QuickSwiGlu
from app.backends.mlx.loading import Loaded, load
from app.bench import baselines
from app.bench.baselines import Rival
from app.config import AS_PUBLISHED
from app.events import Frame, Request
from app.models.registry import Card
from tests.fixtures.families.smolvlm import make_small_smolvlm

FRAME = Frame(np.random.default_rng(1).integers(0, 256, (72, 128, 3), np.uint8), 0.0, 0.0, 0)
REQUEST = Request((FRAME,), "What do you see?", max_tokens=5)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(make_small_smolvlm(tmp_path_factory.mktemp("rivals") / "small"))


@pytest.fixture(params=["whole", "single"])
def rival(loaded: Loaded, request: pytest.FixtureRequest) -> Rival:
    return (
        baselines.whole(loaded) if request.param == "whole" else baselines.single(loaded, Card("small"), AS_PUBLISHED)
    )


def test_weights_are_shared_and_processors_are_not(loaded: Loaded, rival: Rival) -> None:
    assert rival.loaded.model is loaded.model
    assert rival.loaded.processor is not loaded.processor


def test_forwards_are_those_that_the_language_model_makes(rival: Rival, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing patched here is a counter around the real forward."""
    kind, passes = type(rival.loaded.model.language_model), []
    forward = kind.__call__
    monkeypatch.setattr(kind, "__call__", lambda *given, **named: passes.append(1) or forward(*given, **named))
    cost = list(rival.describe(REQUEST))[-1].cost
    assert (cost.forwards, cost.tokens) == (len(passes), 5)


def test_tiling_is_as_published_in_the_one_and_off_in_the_other(loaded: Loaded) -> None:
    whole, single = baselines.whole(loaded), baselines.single(loaded, Card("small"), AS_PUBLISHED)
    assert [next(each.describe(REQUEST)).cost.image_tokens for each in (whole, single)] == [832, 64]
    assert whole.prepare(REQUEST)["pixel_values"].shape[1] == 13


def test_the_one_streams_and_the_other_answers_at_once(loaded: Loaded) -> None:
    whole, single = baselines.whole(loaded), baselines.single(loaded, Card("small"), AS_PUBLISHED)
    assert len(list(whole.describe(REQUEST))) == 1
    assert len(list(single.describe(REQUEST))) > 1


def test_they_compute_with_mlx_vlms_own_activations_and_leave_looksays_behind(loaded: Loaded, rival: Rival) -> None:
    def is_quick() -> bool:
        return any(isinstance(module, QuickGelu | QuickSwiGlu) for module in loaded.model.modules())

    before, pieces = is_quick(), rival.describe(REQUEST)
    next(pieces)
    assert not is_quick()
    pieces.close()
    assert is_quick() == before == device.is_cpu()
