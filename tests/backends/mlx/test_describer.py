"""The mlx backend, with the real mlx-vlm and the bundled demo model."""

import json
import resource
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import mlx.core as mx
import numpy as np
import pytest

from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.fast_path import QuickRoad
from app.demo import scenes
from app.errors import ModelError
from app.events import Chunk, Frame, Request
from app.images import Pixels
from app.models.registry import Card, Sampling
from tests import needs
from tests.fixtures.families.smolvlm import make_small_smolvlm
from tests.sweeps import spread

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "models" / "demo"


@pytest.fixture(scope="module")
def describer() -> MlxDescriber:
    return MlxDescriber(DEMO)


def frame(pixels: Pixels) -> Frame:
    return Frame(pixels, 0.0, 0.0, 0)


def scene(colour: str = "red", x: int = 110, size: tuple[int, int] = (480, 640)) -> Frame:
    """A circle on grey, at column `x` of 640, upper third."""
    pixels = np.full((*size, 3), 120, np.uint8)
    scale = size[1] / 640
    cv2.circle(pixels, (int(x * scale), int(90 * scale)), int(60 * scale), scenes.COLOURS[colour], -1, cv2.LINE_AA)
    return frame(pixels)


def told(describer: MlxDescriber, *frames: Frame, prompt: str = "Describe the scene.", limit: int = 64) -> list[Chunk]:
    return list(describer.describe(Request(frames, prompt, limit)))


def text(pieces: list[Chunk]) -> str:
    return "".join(piece.text for piece in pieces).strip()


def test_it_says_what_is_there(describer: MlxDescriber) -> None:
    assert text(told(describer, scene())) == "A red circle is in the top left."
    assert text(told(describer, scene("blue", x=530))) == "A blue circle is in the top right."


@pytest.mark.parametrize("size", [(120, 160), (480, 640), (720, 1280), (1080, 1920)])
def test_frames_of_every_size_cost_the_same_image_tokens(describer: MlxDescriber, size: tuple[int, int]) -> None:
    pieces = told(describer, scene(size=size))
    assert {piece.cost.image_tokens for piece in pieces} == {16}
    assert "red circle" in text(pieces)


def test_several_frames_cost_as_many_tiles(describer: MlxDescriber) -> None:
    pieces = told(describer, scene(), scene(x=320), scene(x=530), limit=4)
    assert {piece.cost.image_tokens for piece in pieces} == {48}


def test_words_come_as_they_are_made_with_their_cost(describer: MlxDescriber) -> None:
    pieces = told(describer, scene())
    spoken = [piece for piece in pieces if piece.text.strip()]
    assert len(spoken) >= 7  # of 8 words: "A" waits for the next, as it may begin "Assistant:"
    assert all(a.cost.tokens <= b.cost.tokens and a.cost.total_s <= b.cost.total_s for a, b in pairwise(pieces))
    assert len({piece.cost.first_word_s for piece in spoken}) == 1
    assert 0 < spoken[0].cost.first_word_s <= spoken[0].cost.total_s


def test_tokens_are_those_of_the_text(describer: MlxDescriber) -> None:
    pieces = told(describer, scene())
    ids = describer.loaded.processor.tokenizer(" " + text(pieces), add_special_tokens=False).input_ids
    assert pieces[-1].cost.tokens == len(ids)


@pytest.mark.parametrize("road", ["plain", "road"])
@pytest.mark.parametrize("limit", [3, 64])
def test_forwards_are_the_passes_through_the_language_models_layers(
    describer: MlxDescriber, monkeypatch: pytest.MonkeyPatch, limit: int, road: str
) -> None:
    """The one thing patched here is a counter around the real layer."""
    first, passes = describer.loaded.model.language_model.layers[0], []
    kind = type(first)
    through = kind.__call__

    def counted(layer: object, *given: object, **named: object) -> object:
        passes.append(layer is first)
        return through(layer, *given, **named)

    monkeypatch.setattr(kind, "__call__", counted)
    pieces = list(getattr(describer, road).describe(Request((scene(),), "Describe the scene.", limit)))
    assert pieces[-1].cost.forwards == sum(passes)


def test_the_limit_is_kept(describer: MlxDescriber) -> None:
    assert told(describer, scene(), limit=3)[-1].cost.tokens == 3


def test_it_answers_for_this_frame_and_not_for_the_one_before(describer: MlxDescriber) -> None:
    """What mlx-vlm's PromptCacheState gets wrong: same words, another picture."""
    answers = [text(told(describer, scene(colour))) for colour in ("red", "blue", "red")]
    assert answers[0] == answers[2]
    assert answers[0] != answers[1]


def test_a_description_left_early_leaves_the_next_one_whole(describer: MlxDescriber) -> None:
    started = describer.describe(Request((scene(),), "Describe the scene."))
    next(started)
    started.close()
    assert text(told(describer, scene("green"))) == "A green circle is in the top left."


def test_on_the_cpu_every_weight_is_float32_and_the_banner_says_so(describer: MlxDescriber) -> None:
    if mx.default_device() != mx.Device(mx.cpu):
        pytest.skip("needs MLX on a CPU; this machine computes on its GPU")
    from mlx.utils import tree_flatten

    assert {value.dtype for _, value in tree_flatten(describer.loaded.model.parameters())} == {mx.float32}
    assert any("CPU" in warning for warning in describer.banner.warnings)


def spoilt(tmp_path: Path, *missing: str, **config: object) -> Path:
    """A copy of the demo model without some files, or with another configuration."""
    folder = tmp_path / "spoilt"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("training", *missing))
    if config:
        read = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**read, **config}))
    return folder


@pytest.mark.parametrize(
    "missing", ["config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json", "chat_template.*"]
)
def test_a_folder_that_lacks_a_file_is_explained(tmp_path: Path, missing: str) -> None:
    folder = spoilt(tmp_path, missing)
    if missing.startswith("chat_template"):  # a copy of it may ride in the tokenizer's configuration
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        settings.pop("chat_template", None)
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError) as failure:
        MlxDescriber(folder)
    assert failure.value.hint


def test_a_wrong_number_of_image_tokens_is_an_error_and_not_a_blind_caption(tmp_path: Path) -> None:
    folder = spoilt(tmp_path, "processor_config.json")  # the processor then assumes 169 a frame
    with pytest.raises(ModelError):
        MlxDescriber(folder)


def test_an_unknown_architecture_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        MlxDescriber(spoilt(tmp_path, model_type="smolvlm9"))


def test_a_checkpoint_without_a_vision_tower_is_refused(tmp_path: Path) -> None:
    """mlx-vlm loads it with no more than a line in its log."""
    folder = spoilt(tmp_path)
    weights = mx.load(str(folder / "model.safetensors"))
    blind = {name: value for name, value in weights.items() if "vision" not in name}
    mx.save_safetensors(str(folder / "model.safetensors"), blind, {"format": "pt"})
    with pytest.raises(ModelError):
        MlxDescriber(folder)


@pytest.mark.parametrize("drafts", spread([True, False], 1))
def test_a_thread_that_describes_and_closes_ends_the_process_cleanly(drafts: bool) -> None:
    """Without clear_streams() on that thread the process may end with 134; without drafts a token is under way then."""
    program = f"""
import threading
from pathlib import Path
import numpy as np
from app.events import Frame, Request
from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.fast_path import QuickRoad
def work():
    describer = MlxDescriber(Path({str(DEMO)!r}), drafts={drafts})
    for _ in range(2):
        started = describer.describe(Request((Frame(np.zeros((9, 9, 3), np.uint8), 0, 0, 0),), "What?"))
        next(started)
        started.close()
    describer.close()
    describer.close()
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def resident_bytes() -> int:
    """What this process holds in memory now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_the_banner_names_the_model_and_its_image_tokens(describer: MlxDescriber) -> None:
    assert describer.banner.name == "demo, 16 image tokens a frame"


def test_without_a_card_decoding_is_greedy_whatever_generation_config_says(tmp_path: Path) -> None:
    folder = spoilt(tmp_path)
    (folder / "generation_config.json").write_text(json.dumps({"do_sample": True, "temperature": 5.0, "top_k": 1000}))
    hot = MlxDescriber(folder)
    assert {text(told(hot, scene())) for _ in range(3)} == {"A red circle is in the top left."}


@pytest.mark.parametrize(
    ("sampling", "is_greedy"),
    [(Sampling(temperature=3.0), False), (Sampling(temperature=3.0, min_p=1.0), True)],
)
def test_the_card_says_how_tokens_are_chosen(sampling: Sampling, is_greedy: bool) -> None:
    """min_p 1 leaves nothing but the likeliest token, at any temperature."""
    sampled = MlxDescriber(DEMO, Card("demo", sampling=sampling))
    said = {text(told(sampled, scene(), limit=12)) for _ in range(3)}
    assert (said == {"A red circle is in the top left."}) == is_greedy


def test_the_card_says_how_dear_repetition_is(describer: MlxDescriber) -> None:
    strict = MlxDescriber(DEMO, Card("demo", sampling=Sampling(repetition_penalty=50.0)))
    three = frame(np.concatenate([scene(c).pixels for c in ("red", "blue", "green")], axis=1))
    assert text(told(strict, three)) != text(told(describer, three))


@pytest.mark.long
@needs.platform("linux")
def test_memory_does_not_grow_over_500_captions(describer: MlxDescriber) -> None:
    """Every frame is a new one, as from a camera: of those before it nothing may be kept."""
    pictures = [scene(colour, x).pixels for colour in ("red", "blue", "green") for x in (110, 320, 530)]
    for number in range(50):
        told(describer, frame(pictures[number % 9].copy()))
    before, active = resident_bytes(), mx.get_active_memory()
    for number in range(500):
        told(describer, frame(pictures[number % 9].copy()))
    print(f"growth over 500 captions: {(resident_bytes() - before) / 1e6:.1f} MB resident")
    assert mx.get_active_memory() <= active
    assert resident_bytes() - before < 10_000_000  # the allocator's own ups and downs; one frame a caption would be 460
    assert isinstance(describer.road, QuickRoad)
    assert len(describer.road.kept) == 1


@pytest.mark.parametrize("names", ["mlx", "hub"])
def test_the_published_layout_is_one_tile_of_64_tokens_too(tmp_path: Path, names: str) -> None:
    """SmolVLM2-256M's files and geometry with random weights; by default its processor cuts a frame into 13 tiles."""
    small = MlxDescriber(make_small_smolvlm(tmp_path / "small", names=names))
    described = told(small, scene(size=(720, 1280)), limit=2)
    assert {piece.cost.image_tokens for piece in described} == {64}
