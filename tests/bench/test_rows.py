"""Rows of the bench: mlx-vlm as other programs use it, one caption, and the order of captions."""

from collections.abc import Generator, Sequence
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from app.backends.mlx import cpu
from app.backends.mlx.cpu import QuickGelu, QuickSwiGlu
from app.backends.mlx.loading import Loaded, load
from app.bench.baselines import Baseline, defaults, one_tile
from app.bench.rows import NOISE, Clip, Options, Row, measure_caption, measure_rounds, slow_rows, still, turns
from app.config import AS_PUBLISHED
from app.events import Chunk, Cost, Frame, Request
from app.models.registry import Card
from tests.fixtures.families.smolvlm import make_small_smolvlm

FRAME = Frame(np.random.default_rng(1).integers(0, 256, (72, 128, 3), np.uint8), 0.0, 0.0, 0)
REQUEST = Request((FRAME,), "What do you see?", max_tokens=5)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(make_small_smolvlm(tmp_path_factory.mktemp("baselines") / "small"))


@pytest.fixture(params=["defaults", "one tile"])
def baseline(loaded: Loaded, request: pytest.FixtureRequest) -> Baseline:
    return defaults(loaded) if request.param == "defaults" else one_tile(loaded, Card("small"), AS_PUBLISHED)


def test_baselines_share_weights_and_not_processors(loaded: Loaded, baseline: Baseline) -> None:
    assert baseline.loaded.model is loaded.model
    assert baseline.loaded.processor is not loaded.processor


def test_forwards_are_those_that_the_language_model_makes(baseline: Baseline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing patched is a counter around the real forward."""
    kind, passes = type(baseline.loaded.model.language_model), []
    forward = kind.__call__
    monkeypatch.setattr(kind, "__call__", lambda *given, **named: passes.append(1) or forward(*given, **named))
    cost = list(baseline.describe(REQUEST))[-1].cost
    assert (cost.forwards, cost.tokens) == (len(passes), 5)


def test_defaults_tile_and_answer_at_once_and_one_tile_streams(loaded: Loaded) -> None:
    whole, tile = defaults(loaded), one_tile(loaded, Card("small"), AS_PUBLISHED)
    chunks = [list(each.describe(REQUEST)) for each in (whole, tile)]
    assert [each[0].cost.image_tokens for each in chunks] == [832, 64]
    assert whole.prepare(REQUEST)["pixel_values"].shape[1] == 13
    assert len(chunks[0]) == 1 < len(chunks[1])


def test_baselines_compute_with_mlx_vlms_own_activations(loaded: Loaded, baseline: Baseline) -> None:
    def is_quick() -> bool:
        return any(isinstance(module, QuickGelu | QuickSwiGlu) for module in loaded.model.modules())

    before, chunks = is_quick(), baseline.describe(REQUEST)
    next(chunks)
    assert not is_quick()
    chunks.close()
    assert is_quick() == before == cpu.is_cpu()


def frames() -> Generator[Frame]:
    for number in count():
        yield Frame(np.zeros((4, 6, 3), np.uint8), 0.0, float(number), number)


def ask(frame: Frame) -> Request:
    return Request((frame,), "What?", 8)


class Scripted:
    """Says the frame's number."""

    def describe(self, request: Request) -> Generator[Chunk]:
        yield Chunk(" ", Cost())
        yield Chunk(f"number {request.frames[0].number}", Cost(tokens=2))


ROWS = [Row(key, key, Scripted()) for key in "abc"]


def test_every_row_describes_every_frame_and_each_is_first_in_turn() -> None:
    assert "".join(row.key for row, _ in turns(ROWS, frozenset(), 3, 0)) == "abcbcacab"


def test_a_slow_row_describes_only_the_first_frame_of_a_round() -> None:
    assert [place for row, place in turns(ROWS, frozenset("a"), 3, 1) if row.key == "a"] == [0]


def test_no_frame_is_shown_twice_to_a_row_and_the_warm_up_is_not_counted() -> None:
    clips = [Clip("moving", "", frames()), Clip("still", "", frames())]
    captions = measure_rounds(ROWS[:1], clips, Options(rounds=2, captions=3), ask)
    assert len(captions) == 2 * 2 * 3
    assert [each.text for each in captions if each.clip == "moving"] == [f"number {n}" for n in range(3, 9)]


def test_the_first_word_is_the_first_text_that_is_not_blank() -> None:
    caption = measure_caption(ROWS[0], "moving", 0, 0, ask(next(frames())))
    assert caption.text == "number 0"
    assert 0 < caption.first_word_s <= caption.total_s
    assert (caption.preprocessing_s, caption.peak_bytes) == (None, None)


def test_the_still_clip_differs_only_by_noise_and_is_the_same_every_time() -> None:
    grey = Frame(np.full((4, 6, 3), 120, np.uint8), 0.0, 9.0, 270)
    (first, second), (again, _) = zip(still(grey), range(2), strict=False), zip(still(grey), range(2), strict=False)
    assert not np.array_equal(first[0].pixels, second[0].pixels)
    assert np.array_equal(first[0].pixels, again[0].pixels)
    assert np.abs(first[0].pixels.astype(int) - 120).max() <= NOISE
    assert (first[0].media_s, second[0].media_s) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("a", "b", "slow"),
    [
        pytest.param((0.5, 0.02, 0.5), (0.02, 0.02, 0.02), "", id="held up once"),
        pytest.param((0.3, 0.3, 0.3), (0.01, 0.01, 0.01), "a", id="slow each time"),
        pytest.param((0.1, 0.1, 0.1), (0.01, 0.01, 0.01), "", id="quick, however quick the other is"),
    ],
)
def test_a_row_is_slow_by_its_quickest_description(
    a: Sequence[float], b: Sequence[float], slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)

    class Timed(Scripted):
        def __init__(self, seconds: Sequence[float]) -> None:
            self.seconds = list(seconds)

        def describe(self, request: Request) -> Generator[Chunk]:
            clock.now += self.seconds.pop(0)
            yield from super().describe(request)

    monkeypatch.setattr("app.bench.rows.time", SimpleNamespace(perf_counter=lambda: clock.now))
    rows = [Row("a", "a", Timed(a)), Row("b", "b", Timed(b))]
    assert slow_rows(rows, [ask(FRAME)] * 3) == frozenset(slow)
