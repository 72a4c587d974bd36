"""What mlx-vlm lets pass in silence, and what it would run, is refused."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import mlx.core as mx
import pytest
from mlx import nn
from mlx.utils import tree_flatten

from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.loading import Loaded, has_eyes, load
from app.config import BITS, PRECISIONS, PROMPT, ModelOptions, Precision
from app.errors import ModelError, UsageError
from app.events import Request
from app.models.convert import LAYERS
from tests.backends.mlx.folders import folder
from tests.backends.shown import plain, told


def copied(name: str, target: Path) -> Path:
    return shutil.copytree(folder(name), target / name)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *[("smolvlm-mlx", "vision_model"), ("smolvlm-mlx", "connector"), ("smolvlm-hub", "vision_model")],
        *[("lfm2-vl", "vision_tower"), ("lfm2-vl", "multi_modal_projector"), ("qwen3-vl", "visual")],
        *[("fastvlm-mlx", "vision_tower"), ("fastvlm-mlx", "mm_projector")],
    ],
)
def test_a_checkpoint_without_a_tower_or_connector_is_refused(name: str, part: str, tmp_path: Path) -> None:
    copy = copied(name, tmp_path)
    file = copy / "model.safetensors"
    tensors = mx.load(str(file))
    left = {each: tensor for each, tensor in tensors.items() if part not in each}
    assert 0 < len(left) < len(tensors)
    file.unlink()
    mx.save_safetensors(str(file), left, {"format": "mlx" if name.endswith("mlx") else "pt"})
    with pytest.raises(ModelError) as refusal:
        load(copy)
    assert refusal.value.hint


def test_a_language_model_alone_has_no_eyes() -> None:
    blind = nn.Module()
    blind.language_model = nn.Linear(2, 2)
    assert not has_eyes(blind)
    blind.vision_tower = nn.Linear(2, 2)
    assert has_eyes(blind)
    blind.multi_modal_projector = None
    assert not has_eyes(blind)


@pytest.mark.parametrize("name", ["fastvlm-mlx", "lfm2-vl", "qwen3-vl"])
def test_a_model_without_a_chat_template_is_refused(name: str, tmp_path: Path) -> None:
    copy = copied(name, tmp_path)
    for path in copy.glob("chat_template*"):
        path.unlink()
    for path in copy.glob("*.json"):
        said = json.loads(path.read_text())
        if isinstance(said, dict) and said.pop("chat_template", None):
            path.write_text(json.dumps(said))
    with pytest.raises(ModelError, match="no chat template"):
        load(copy)


def test_a_program_in_the_folder_is_never_run(tmp_path: Path) -> None:
    """mlx-vlm runs `model_file`, and transformers what `auto_map` names, if they are let."""
    copy, left = copied("smolvlm-mlx", tmp_path), tmp_path / "was-here"
    (copy / "own.py").write_text(f"open({str(left)!r}, 'w')\n")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "model_file": "own.py"}))
    with pytest.raises(ModelError, match="program of its own"):
        load(copy)
    assert not left.exists()


@pytest.mark.parametrize("name", ["smolvlm-mlx", "fastvlm-mlx", "lfm2-vl"])
def test_a_program_that_the_tokenizer_names_is_never_run(name: str, tmp_path: Path) -> None:
    copy, left = copied(name, tmp_path), tmp_path / "was-here"
    (copy / "own.py").write_text(f"open({str(left)!r}, 'w')\n")
    path = copy / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": {"AutoTokenizer": ["own.Own", None]}}))
    with suppress(ModelError):
        load(copy)
    assert not left.exists()


DEMO = Path(__file__).parents[3] / "models" / "demo"


def weights(loaded: Loaded) -> dict[str, mx.array]:
    return dict(tree_flatten(loaded.model.parameters()))


def quantized(loaded: Loaded) -> dict[str, int]:
    return {path: part.bits for path, part in loaded.model.named_modules() if hasattr(part, "bits")}


@pytest.mark.parametrize("wished", ["8bit", "4bit"])
@pytest.mark.parametrize("name", ["demo", "smolvlm-mlx", "lfm2.5-vl", "qwen3-vl", "fastvlm-mlx"])
def test_every_layer_of_the_language_model_is_quantized_and_nothing_else(name: str, wished: Precision) -> None:
    where = DEMO if name == "demo" else folder(name)
    before, after = load(where), load(where, wished)
    parts = dict(before.model.named_modules())
    linear = {path for path, part in parts.items() if LAYERS.match(path) and type(part).__name__ == "Linear"}
    assert quantized(after) == dict.fromkeys(linear, BITS[wished])
    old, new = weights(before), weights(after)
    assert all(mx.array_equal(old[path], new[path]).item() for path in old if not LAYERS.match(path))


@pytest.mark.parametrize("wished", PRECISIONS)
def test_the_demo_model_still_sees_and_the_banner_says_in_what(wished: Precision) -> None:
    describer = MlxDescriber(DEMO, wish=ModelOptions(precision=wished))
    request = Request((plain((210, 35, 40)),), PROMPT)
    assert "".join(piece.text for piece in describer.describe(request)).strip() == "Everything is red."
    said = f"{wished} weights" if "float" in wished else wished.replace("bit", "-bit")
    assert describer.banner.name.endswith(f", {said}")


def test_half_precision_rounds_the_weights_on_a_cpu_too() -> None:
    rounded = weights(load(DEMO, "float16"))
    assert all(mx.array_equal(value, value.astype(mx.float16).astype(value.dtype)).item() for value in rounded.values())


def test_only_bits_are_told_of_what_was_published() -> None:
    assert load(DEMO).precision == ""
    assert load(folder("smolvlm-4bit")).precision == "4-bit"
    assert load(folder("smolvlm-mixed")).precision == "4- and 6-bit"


def test_what_is_quantized_already_stays_so_if_that_is_the_wish() -> None:
    same, published = load(folder("smolvlm-4bit"), "4bit"), load(folder("smolvlm-4bit"))
    assert quantized(same) == quantized(published)


@pytest.mark.parametrize("wished", ["8bit", "float32", "bfloat16", "float16"])
def test_what_is_quantized_already_cannot_become_something_else(wished: Precision) -> None:
    with pytest.raises(UsageError) as refusal:
        load(folder("smolvlm-4bit"), wished)
    assert "4-bit already" in refusal.value.message
    assert "--precision" in refusal.value.hint


def test_a_mixture_is_no_single_number_of_bits() -> None:
    with pytest.raises(UsageError, match="4- and 6-bit already"):
        load(folder("smolvlm-mixed"), "4bit")


def test_a_layer_whose_width_no_group_divides_stays_as_it_is(tmp_path: Path) -> None:
    copy = shutil.copytree(DEMO, tmp_path / "odd", ignore=shutil.ignore_patterns("training"))
    config = json.loads((copy / "config.json").read_text())
    config["text_config"]["intermediate_size"] = 500
    (copy / "config.json").write_text(json.dumps(config))
    tensors = {name: narrowed(name, tensor) for name, tensor in mx.load(str(copy / "model.safetensors")).items()}
    mx.save_safetensors(str(copy / "model.safetensors"), tensors, {"format": "mlx"})
    describer = MlxDescriber(copy, wish=ModelOptions(precision="4bit"))
    names = {path.rpartition(".")[2] for path in quantized(describer.loaded)}
    assert "up_proj" in names
    assert "down_proj" not in names
    assert told(describer, plain())


def narrowed(name: str, tensor: mx.array) -> mx.array:
    """The language model's inner width cut from 512 to 500."""
    if "vision" in name or "mlp" not in name:
        return tensor
    return tensor[:, :500] if "down_proj" in name else tensor[:500]
