"""What is made of a published model: the eyes stay as they are, and the loader finds all it would otherwise guess."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import InstallError
from app.models.convert import Recipe, check, make, recipe, rope_theta, tensor_names, whole_config
from tests.fixtures import families
from tests.fixtures.families.smolvlm import ROPE_THETA, TEXT_LAYERS, make_small_smolvlm

FOUR_BITS, AS_PUBLISHED = Recipe(4), Recipe(0)
REWRITTEN = {"config.json", "model.safetensors", "model.safetensors.index.json"}


@pytest.fixture(scope="module", params=["mlx", "hub"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published with mlx_vlm's tensor names, and with transformers'."""
    folder = tmp_path_factory.mktemp("published") / "model"
    return make_small_smolvlm(folder, names=request.param, rope="rope_parameters")


@pytest.fixture(scope="module")
def quantized(source: Path) -> Path:
    make(source, source.parent / "quantized", FOUR_BITS)
    return source.parent / "quantized"


def config(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "config.json").read_text()))


def test_only_the_language_models_layers_are_quantized(quantized: Path) -> None:
    scales = {name.removesuffix(".scales") for name in tensor_names(quantized) if name.endswith(".scales")}
    linear = ["self_attn." + name for name in ("q_proj", "k_proj", "v_proj", "o_proj")]
    linear += ["mlp." + name for name in ("gate_proj", "up_proj", "down_proj")]
    assert scales == {f"language_model.layers.{layer}.{name}" for layer in range(TEXT_LAYERS) for name in linear}


def test_quantized_weights_load_in_mlx_vlm_and_generate(quantized: Path) -> None:
    model, tokens, text = generated(quantized)
    assert model.language_model.layers[0].mlp.up_proj.bits == 4
    assert model.language_model.layers[0].self_attn.rope.base == ROPE_THETA
    assert tokens == 3
    assert text


def test_weights_kept_as_published_load_in_mlx_vlm_and_generate(source: Path, tmp_path: Path) -> None:
    make(source, tmp_path / "made", AS_PUBLISHED)
    model, tokens, _ = generated(tmp_path / "made")
    assert model.language_model.layers[0].self_attn.rope.base == ROPE_THETA
    assert tokens == 3


def test_a_tied_head_is_written_out_for_the_loader_which_does_not_tie(tmp_path: Path) -> None:
    make(make_small_smolvlm(tmp_path / "tied", names="hub", tied=True), tmp_path / "made", AS_PUBLISHED)
    model, _, _ = generated(tmp_path / "made")
    assert (model.language_model.lm_head.weight == model.language_model.embed_tokens.weight).all()


def test_processor_tokenizer_and_template_are_the_published_ones(source: Path, quantized: Path) -> None:
    assert {path.name for path in quantized.iterdir()} == {path.name for path in source.iterdir()} | REWRITTEN
    for path in source.iterdir():
        if path.name not in REWRITTEN:
            assert (quantized / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_config_is_the_published_one_with_quantization_and_rope_theta(source: Path, quantized: Path) -> None:
    made, published = config(quantized), config(source)
    assert made.pop("quantization") == {"bits": 4, "group_size": 64, "mode": "affine"}
    assert made["text_config"].pop("rope_theta") == ROPE_THETA
    assert made == published


@pytest.mark.parametrize("said", [{"rope_theta": 7.0}, {"rope_parameters": {"rope_theta": 7.0}}])
def test_rope_theta_is_taken_from_where_it_is_said(said: dict[str, Any]) -> None:
    assert whole_config({"model_type": "smolvlm", "text_config": said})["text_config"]["rope_theta"] == 7.0


@pytest.mark.parametrize("part", ["text_config", "llm_config", ""])
def test_rope_theta_is_written_into_the_language_models_part(part: str) -> None:
    text = {"rope_parameters": {"rope_theta": 7.0}, "hidden_size": 64}
    made = whole_config({"model_type": "other", part: text} if part else {"model_type": "other", **text})
    assert (made[part] if part else made) == {**text, "rope_theta": 7.0, **({} if part else {"model_type": "other"})}


def test_a_model_that_says_rope_theta_twice_and_differently_is_installed_so_that_the_check_agrees(
    tmp_path: Path,
) -> None:
    from mlx_vlm.utils import load_model

    source = make_small_smolvlm(tmp_path / "published", rope="rope_parameters")
    said = config(source)
    said["text_config"]["rope_theta"] = ROPE_THETA / 10
    (source / "config.json").write_text(json.dumps(said))
    make(source, tmp_path / "made", AS_PUBLISHED)
    assert load_model(tmp_path / "made", lazy=True).language_model.layers[0].self_attn.rope.base == ROPE_THETA
    assert rope_theta(config(tmp_path / "made")) == config(tmp_path / "made")["text_config"]["rope_theta"]


def test_weights_without_eyes_are_refused(published: Path, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="no vision tower"):
        check(without(published, "vision", tmp_path), AS_PUBLISHED)


def test_weights_without_a_head_are_refused(published: Path, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match=r"no lm_head\.weight"):
        check(without(published, "lm_head", tmp_path), AS_PUBLISHED)


def test_quantized_eyes_are_refused(quantized: Path, tmp_path: Path) -> None:
    folder = renamed(quantized, "language_model.layers.0", "vision_model.encoder.layers.9", tmp_path)
    with pytest.raises(InstallError, match="must not be quantized"):
        check(folder, FOUR_BITS)


def test_weights_that_should_be_quantized_and_are_not_are_refused(published: Path) -> None:
    with pytest.raises(InstallError, match="no layer of the language model is quantized"):
        check(published, FOUR_BITS)


@pytest.mark.parametrize("family", ["fastvlm-apple", "lfm2.5-vl", "qwen3-vl"])
def test_other_families_are_kept_or_quantized_with_their_eyes_as_published(family: str, tmp_path: Path) -> None:
    from mlx_vlm.utils import load_model

    published = families.make(family, tmp_path / "published")
    for bits in (0, 4):
        make(published, tmp_path / str(bits), Recipe(bits))
        scales = [name for name in tensor_names(tmp_path / str(bits)) if name.endswith(".scales")]
        assert bool(scales) == bool(bits)
        assert all(".layers." in name and "vision" not in name and "visual" not in name for name in scales)
        assert load_model(tmp_path / str(bits), lazy=True)


def test_what_mlx_vlm_cannot_convert_is_explained(published: Path, tmp_path: Path) -> None:
    folder = without(published, "layers.1.mlp", tmp_path)
    for path in published.iterdir():
        if not (folder / path.name).exists():
            (folder / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InstallError, match="cannot convert it"):
        make(folder, tmp_path / "made", FOUR_BITS)


def test_without_metal_nothing_is_quantized_unless_asked_for() -> None:
    import mlx.core as mx

    assert recipe(4, 64).bits == (4 if mx.metal.is_available() else 0)
    assert (recipe(4, 64, quantize=True).bits, recipe(4, 64, quantize=False).bits) == (4, 0)
    assert recipe(0, 64, quantize=True).bits == 0


def generated(folder: Path) -> tuple[Any, int, str]:
    """The model as mlx_vlm loads it, and three tokens on a red picture."""
    from mlx_vlm import generate, load
    from mlx_vlm.prompt_utils import apply_chat_template
    from PIL import Image

    model, processor = load(str(folder))
    processor.image_processor.do_image_splitting = False
    prompt = apply_chat_template(processor, model.config, "What is it?", num_images=1)
    result = generate(model, processor, prompt, image=[Image.new("RGB", (512, 512), "red")], max_tokens=3)
    return model, result.generation_tokens, result.text


def without(folder: Path, part: str, tmp_path: Path) -> Path:
    """A copy whose weights lack all tensors with `part` in their name."""
    return saved({n: t for n, t in tensors(folder).items() if part not in n}, folder, tmp_path / "without")


def renamed(folder: Path, old: str, new: str, tmp_path: Path) -> Path:
    return saved({n.replace(old, new): t for n, t in tensors(folder).items()}, folder, tmp_path / "renamed")


def tensors(folder: Path) -> dict[str, Any]:
    import mlx.core as mx

    return dict(mx.load(str(folder / "model.safetensors")))


def saved(weights: dict[str, Any], folder: Path, target: Path) -> Path:
    import mlx.core as mx

    target.mkdir()
    (target / "config.json").write_bytes((folder / "config.json").read_bytes())
    mx.save_safetensors(str(target / "model.safetensors"), weights)
    return target


SAID = {"rope_theta": 100_000}


@pytest.mark.parametrize(
    ("said", "theta"),
    [
        ({}, None),
        ({"text_config": SAID}, 100_000),
        ({"text_config": {"rope_parameters": SAID}}, 100_000),
        ({"text_config": {"rope_parameters": SAID, "rope_theta": 1}}, 100_000),
        ({"llm_config": SAID}, 100_000),
        (SAID, 100_000),
        ({"text_config": {"rope_parameters": {"full_attention": SAID}}}, None),
        ({"text_config": {"rope_parameters": None}}, None),
        ({"text_config": "x"}, None),
    ],
)
def test_rope_theta_is_read_as_transformers_reads_it(said: dict[str, Any], theta: float | None) -> None:
    assert rope_theta(said) == theta
