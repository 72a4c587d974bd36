"""The precision that is wished for: the language model's layers in fewer bits, the eyes as they were."""

import json
import shutil
from pathlib import Path

import mlx.core as mx
import pytest
from mlx.utils import tree_flatten

from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.loading import Loaded, load
from app.config import BITS, PRECISIONS, PROMPT, ModelOptions, Precision
from app.errors import UsageError
from app.events import Request
from app.models.convert import LAYERS
from tests.backends.mlx.folders import folder
from tests.backends.shown import plain, told

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
