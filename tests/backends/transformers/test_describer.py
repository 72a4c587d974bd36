"""The transformers backend, with the real transformers and torch: the demo model, and small ones of other layouts."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.config import ModelOptions
from app.errors import ModelError, UsageError
from app.events import Chunk, Frame, Request
from app.models.registry import Card, ImageTokens, Sampling
from tests import needs
from tests.backends.transformers.untouched import own_processors
from tests.fixtures.blinded import blind_demo, zeroed
from tests.fixtures.families import make
from tests.fixtures.families.smolvlm import make_small_smolvlm
from tests.running import ROOT

pytestmark = needs.module("torch", even_in_ci=True)
DEMO = ROOT / "models" / "demo"


@pytest.fixture(scope="module")
def describer():
    from app.backends.transformers.describer import TransformersDescriber

    return TransformersDescriber(DEMO)


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.backends.transformers.small_llava import make_small_llava

    return make_small_llava(tmp_path_factory.mktemp("models") / "llava")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_small_smolvlm(tmp_path_factory.mktemp("models") / "smolvlm", names="hub")


def opened(folder: Path, card: Card | None = None, wish: ModelOptions | None = None):
    from app.backends.transformers.describer import TransformersDescriber

    with own_processors():
        return TransformersDescriber(folder, card, wish or ModelOptions())


def frame(x: int = 110, colour: tuple[int, int, int] = (210, 35, 40), size: tuple[int, int] = (480, 640)) -> Frame:
    """A circle on grey, at column `x` of 640, upper third."""
    pixels, scale = np.full((*size, 3), 120, np.uint8), size[1] / 640
    cv2.circle(pixels, (int(x * scale), int(90 * scale)), int(60 * scale), colour, -1, cv2.LINE_AA)
    return Frame(pixels, 0.0, 0.0, 0)


def told(describer, *frames: Frame, prompt: str = "Describe the scene.", limit: int = 64) -> list[Chunk]:
    return list(describer.describe(Request(frames, prompt, limit)))


def text(pieces: list[Chunk]) -> str:
    return "".join(piece.text for piece in pieces).strip()


def test_it_says_what_is_there_and_what_it_computes_on(describer) -> None:
    assert text(told(describer, frame())) == "A red circle is in the top left."
    assert text(told(describer, frame(530, (40, 70, 210)))) == "A blue circle is in the top right."
    assert describer.banner.name.startswith("demo, 16 image tokens a frame, transformers on ")


def test_several_frames_are_seen_in_their_order(describer) -> None:
    pieces = told(describer, frame(110), frame(320), frame(530), prompt="Describe what is happening.")
    assert text(pieces) == "A red circle moves right."
    assert {piece.cost.image_tokens for piece in pieces} == {48}
    assert text(told(describer, frame(530), frame(320), frame(110))) == "A red circle moves left."


@pytest.mark.parametrize("size", [(120, 160), (720, 1280), (1080, 1920)])
def test_frames_of_every_size_cost_the_same_image_tokens(describer, size: tuple[int, int]) -> None:
    pieces = told(describer, frame(size=size))
    assert {piece.cost.image_tokens for piece in pieces} == {16}
    assert "red circle" in text(pieces)


def test_words_come_as_they_are_made_with_their_cost(describer) -> None:
    pieces = told(describer, frame())
    spoken = [piece for piece in pieces if piece.text.strip()]
    assert len(spoken) >= 8
    assert all(a.cost.tokens <= b.cost.tokens and a.cost.total_s <= b.cost.total_s for a, b in pairwise(pieces))
    assert len({piece.cost.first_word_s for piece in spoken}) == 1
    assert 0 < spoken[0].cost.first_word_s <= spoken[0].cost.total_s
    assert (pieces[-1].cost.forwards, pieces[-1].cost.encoded) == (pieces[-1].cost.tokens + 1, 1)


def test_the_limit_is_kept_and_costs_no_pass_more(describer) -> None:
    last = told(describer, frame(), limit=3)[-1].cost
    assert (last.tokens, last.forwards) == (3, 3)


def test_a_description_left_after_a_word_runs_no_pass_more(describer) -> None:
    from app.backends.transformers.describer import Decoder

    passes: list[int] = []
    model = describer.loaded.model

    def counting(**given):
        passes.append(1)
        return model(**given)

    inputs = describer.prepare(Request((frame(),), "Describe the scene."))
    tokens = Decoder(counting, describer.loaded.ends).tokens(inputs, 64)
    next(tokens)
    next(tokens)
    tokens.close()
    assert len(passes) == 2
    assert text(told(describer, frame())) == "A red circle is in the top left."


def test_a_thread_that_has_described_is_left_out_of_inference_mode(describer) -> None:
    import torch

    pieces = describer.describe(Request((frame(),), "Describe the scene."))
    next(pieces)
    assert not torch.is_inference_mode_enabled()
    pieces.close()


def test_a_marker_within_a_question_is_no_picture(describer) -> None:
    assert told(describer, frame(), prompt="Describe <image> the scene.")[-1].cost.image_tokens == 16


def test_pixels_are_those_of_transformers_own_processor_bit_for_bit(describer) -> None:
    from transformers import AutoImageProcessor

    processor = AutoImageProcessor.from_pretrained(DEMO, backend="pil", local_files_only=True)
    processor.do_resize = processor.do_image_splitting = False
    tile = np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8)
    theirs = np.asarray(processor(images=[[tile]], input_data_format="channels_last")["pixel_values"])
    assert np.array_equal(describer.shown.numbers(tile), theirs.reshape(3, 128, 128))


def test_token_ids_are_those_that_mlx_vlm_gives_its_model(describer) -> None:
    from app.backends.mlx.families import SmolVlm
    from app.backends.mlx.loading import load

    loaded = load(DEMO)
    family = SmolVlm(loaded, Card("demo"), None)
    pictures = [family.picture(each.pixels) for each in (frame(110), frame(320))]
    theirs = family.inputs(pictures, "What is new?")
    ours = describer.prepare(Request((frame(110), frame(320)), "What is new?"))
    assert ours["input_ids"].tolist() == theirs["input_ids"].tolist()
    assert np.array_equal(np.asarray(ours["pixel_values"]), np.asarray(theirs["pixel_values"]))


@pytest.mark.parametrize("limit", [1, 12])
def test_word_for_word_it_is_what_transformers_own_generate_says(describer, hub: Path, llava: Path, limit: int) -> None:
    for each in (describer, opened(hub), opened(llava)):
        request = Request((frame(),), "Describe the scene.", limit)
        inputs = each.prepare(request)
        whole = each.loaded.model.generate(**inputs, max_new_tokens=limit, do_sample=False)
        theirs = [token for token in whole[0, inputs["input_ids"].shape[1] :].tolist() if token not in each.loaded.ends]
        assert list(each.decoder.tokens(inputs, limit)) == theirs


def test_drawn_words_are_as_the_card_says(hub: Path) -> None:
    """With a hundred to one for repeating nothing, no word is said twice; greedily this model repeats itself."""
    plain, varied = opened(hub), opened(hub, Card("small", sampling=Sampling(0.0, 0.0, 100.0)))
    tokens = [list(each.decoder.tokens(each.prepare(Request((frame(),), "Hm?")), 12)) for each in (plain, varied)]
    assert len(set(tokens[0])) < len(tokens[0])
    assert len(set(tokens[1])) == len(tokens[1])
    warm = opened(hub, Card("small", sampling=Sampling(temperature=5.0, min_p=0.01)))
    assert len({text(told(warm, frame(), limit=12)) for _ in range(6)}) > 1


def test_fewer_image_tokens_are_a_smaller_tile(hub: Path) -> None:
    small = opened(hub, wish=ModelOptions(image_tokens=16))
    whole = opened(hub)
    costs = [told(each, frame(), limit=2)[-1].cost.image_tokens for each in (small, whole)]
    assert costs == [16, 64]


@pytest.mark.parametrize("wished", [7, "tiles"])
def test_image_tokens_that_cannot_be_had_are_refused_with_those_that_can(hub: Path, wished: int | str) -> None:
    with pytest.raises(UsageError) as refused:
        opened(hub, wish=ModelOptions(image_tokens=wished))  # type: ignore[arg-type]
    assert "64" in refused.value.hint


def test_a_card_that_allows_one_number_of_tokens_leaves_no_choice() -> None:
    card = Card("demo", image_tokens=ImageTokens(16, 16, 16, "fixed"))
    with pytest.raises(UsageError) as refused:
        opened(DEMO, card, ModelOptions(image_tokens=9))
    assert refused.value.hint.endswith("or take 16")


def test_another_family_is_shown_its_frames_by_its_own_processor(llava: Path) -> None:
    from tests.backends.transformers.small_llava import TOKENS

    describer = opened(llava)
    assert f"about {TOKENS} image tokens a frame" in describer.banner.name
    assert told(describer, frame(), limit=3)[-1].cost.image_tokens == TOKENS
    assert told(describer, frame(), frame(320), limit=3)[-1].cost.image_tokens == 2 * TOKENS
    with pytest.raises(UsageError, match="image tokens"):
        opened(llava, wish=ModelOptions(image_tokens=4))


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_it_computes_in_what_is_wished_for(precision) -> None:
    describer = opened(DEMO, wish=ModelOptions(precision=precision))
    assert precision in describer.banner.name
    assert str(describer.loaded.model.dtype) == f"torch.{precision}"
    assert text(told(describer, frame())) == "A red circle is in the top left."


@pytest.mark.parametrize("precision", ["4bit", "8bit"])
def test_it_does_not_quantize(precision) -> None:
    with pytest.raises(UsageError, match=f"does not compute in {precision}"):
        opened(DEMO, wish=ModelOptions(precision=precision))


def test_a_folder_quantized_for_mlx_is_refused_by_that_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="quantized for MLX"):
        opened(make("smolvlm-4bit", tmp_path / "model"))


def test_a_folder_with_other_names_is_refused_and_not_filled_with_random_numbers(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="misses"):
        opened(make_small_smolvlm(tmp_path / "small", names="mlx"))


@pytest.mark.long
def test_a_processor_that_wants_what_is_not_installed_is_explained(tmp_path: Path) -> None:
    if find_spec("torchvision"):
        pytest.skip("torchvision is installed here, so nothing is missing")
    make("lfm2-vl", tmp_path / "model")
    program = """
import pathlib, sys
from app.backends.transformers.describer import TransformersDescriber
TransformersDescriber(pathlib.Path(sys.argv[1]))
"""
    # in a process of its own: mlx-vlm, once it has been imported, gives transformers a processor of its own
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "model")], cwd=ROOT, capture_output=True, text=True
    )
    assert "requires the Torchvision library" in told.stderr
    assert "app.errors.ModelError: error: " in told.stderr
    assert "./install.sh --reference" in told.stderr.splitlines()[-1]


def demo_with(folder: Path, **config: object) -> Path:
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("clips", "training"))
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **config}))
    return folder


def test_a_folder_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    folder = demo_with(tmp_path / "model")
    for name in ("chat_template.jinja", "chat_template.json"):
        (folder / name).unlink()
    with pytest.raises(ModelError, match="no chat template"):
        opened(folder)


def test_the_template_of_an_older_processor_is_found_where_it_was_kept(tmp_path: Path) -> None:
    folder = demo_with(tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    assert text(told(opened(folder), frame())) == "A red circle is in the top left."


def test_no_program_of_a_folder_is_run(tmp_path: Path) -> None:
    folder = demo_with(
        tmp_path / "model",
        model_type="mine",
        auto_map={"AutoConfig": "mine.C", "AutoModelForImageTextToText": "mine.M"},
    )
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(ModelError, match="cannot load"):
        opened(folder)
    assert not (tmp_path / "ran").exists()


def test_weights_that_may_hold_a_program_are_not_read(tmp_path: Path) -> None:
    import torch

    folder = demo_with(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot load"):
        opened(folder)


def test_a_blind_model_is_told_by_the_sight_test(tmp_path: Path) -> None:
    from app.check.vision_test import finding, look

    blind = opened(blind_demo(tmp_path / "blind", zeroed))
    assert finding(look(blind)).status == "bad"
    assert finding(look(opened(DEMO))).status == "ok"


def test_it_may_be_closed_twice(describer) -> None:
    describer.close()
    describer.close()
