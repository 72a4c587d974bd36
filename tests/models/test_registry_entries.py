"""Every table of models/registry.toml is whole: nothing is claimed without a reason, a date or a source."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.config import Settings
from app.files import ROOT
from app.models.registry import HUB_ID, Card, registered
from tests import needs

NAMES = """smolvlm2-256m smolvlm2-500m smolvlm2-2.2b fastvlm-0.5b fastvlm-1.5b fastvlm-7b lfm2-vl-450m lfm2-vl-1.6b
lfm2-vl-3b lfm2.5-vl-450m lfm2.5-vl-1.6b nanollava-1.5 qwen3-vl-2b qwen3-vl-4b gemma-4-e2b moondream2 demo"""
HOW = ("tile edge", "patch budget", "fixed", "measured")

every = pytest.mark.parametrize("card", registered().values(), ids=lambda card: card.name)


def test_the_one_default_of_the_registry_is_the_default_of_the_settings() -> None:
    assert [card.name for card in registered().values() if card.default] == [Settings().model]


def test_no_two_tables_fetch_the_same_thing() -> None:
    fetched = [(card.repository, card.revision) for card in registered().values() if card.repository]
    assert len(set(fetched)) == len(fetched)


@every
def test_it_is_either_bundled_or_names_a_repository(card: Card) -> None:
    if card.folder:
        assert (ROOT / card.folder / "config.json").is_file()
    assert bool(card.folder) != bool(HUB_ID.fullmatch(card.repository))
    assert "@" not in card.repository


@every
def test_its_shape_is_one_that_its_family_can_give_a_frame(card: Card) -> None:
    can = {"smolvlm": ("squeezed", "padded"), "llava_qwen2": ("padded",)}
    assert card.shape in can.get(card.architecture, ("kept",))


@every
def test_a_pin_holds_a_commit_and_the_weights(card: Card) -> None:
    if card.is_pinned:
        assert re.fullmatch("[0-9a-f]{40}", card.revision)
        assert any(name.endswith(".safetensors") for name in card.sha256)
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in card.sha256.values())
    assert all(Path(name).name == name for name in card.sha256)


@every
def test_the_installed_loader_is_within_its_range(card: Card) -> None:
    pinned = re.search(r'"mlx-vlm==([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert pinned
    has = numbers(pinned[1])
    assert all(numbers(bound.least) <= has for bound in card.loader if bound.least)
    assert all(has < numbers(bound.before) for bound in card.loader if bound.before)


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@every
def test_the_number_of_image_tokens_can_be_applied(card: Card) -> None:
    if tokens := card.image_tokens:
        assert 0 < tokens.least <= tokens.default <= tokens.most
        assert tokens.how in HOW
        assert tokens.how != "fixed" or tokens.least == tokens.most


@every
def test_sampling_frames_and_quantization_are_within_reason(card: Card) -> None:
    assert 0 <= card.sampling.temperature <= 1
    assert 0 <= card.sampling.min_p <= 1
    assert 1 <= card.sampling.repetition_penalty <= 1.5
    assert 1 <= card.frames <= 16
    assert card.bits in (0, 4, 8)
    assert card.group_size in (32, 64, 128)


def table(card: Card) -> str:
    """Its lines in the file, comments and all."""
    text = (ROOT / "models" / "registry.toml").read_text()
    (found,) = re.findall(rf'(?ms)^\["?{re.escape(card.name)}"?\]\n(.*?)(?=^\[|\Z)', text)
    return str(found)


@needs.module("mlx_vlm")
def test_the_installed_loader_knows_every_architecture() -> None:
    from mlx_vlm.utils import MODEL_REMAPPING

    spec = find_spec("mlx_vlm")
    assert spec
    assert spec.origin
    there = {path.name for path in (Path(spec.origin).parent / "models").iterdir()}
    assert {MODEL_REMAPPING.get(card.architecture, card.architecture) for card in registered().values()} <= there
