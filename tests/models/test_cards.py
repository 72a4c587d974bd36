"""A registered model's folder has its card; any other folder has what its kind is known for."""

import json
from pathlib import Path

import pytest

from app.models import card_for, registered
from app.models.registry import Bound, Card, ImageTokens, Sampling, _narrowest

REGISTRY = """
[one]
licence = "MIT"
repository = "someone/one"
architecture = "llava_qwen2"
memory_gb = 2.0
image_tokens = { default = 256, least = 256, most = 256, how = "fixed" }
sampling = { temperature = 0.1 }
prompt = "Say what you see."
loader = [{ least = "0.5.10", why = "older ones lose a row" }, { before = "0.9", why = "newer ones see double" }]

[two]
licence = "MIT"
repository = "someone/two"
architecture = "llava_qwen2"
image_tokens = { default = 256, least = 256, most = 256, how = "fixed" }
sampling = { temperature = 0.1 }
loader = [{ least = "0.6.0", why = "its head is not tied" }, { before = "0.10.1", why = "it does not start" }]

[three]
licence = "MIT"
repository = "someone/three"
architecture = "lfm2_vl"
frames = 4
note = "It is three."
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "registry.toml").write_text(REGISTRY)
    return tmp_path


def model(folder: Path, config: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config)
    return folder


def of_type(folder: Path, model_type: str) -> Path:
    return model(folder, json.dumps({"model_type": model_type}))


def test_the_bundled_model_is_known_by_its_folder() -> None:
    demo = registered()["demo"]
    assert card_for(Path(demo.folder)) == demo


def test_another_model_of_a_known_architecture_gets_the_narrowest_loader_range(root: Path) -> None:
    card = card_for(of_type(root / "mine", "llava_qwen2"), root)
    assert card.loader == (Bound("its head is not tied", least="0.6.0"), Bound("newer ones see double", before="0.9"))


def test_it_borrows_what_its_kin_agree_on_and_nothing_else(root: Path) -> None:
    card = card_for(of_type(root / "mine", "llava_qwen2"), root)
    assert card.image_tokens == ImageTokens(256, 256, 256, "fixed")
    assert card.sampling == Sampling(temperature=0.1)
    assert (card.prompt, card.memory_gb, card.licence, card.note) == ("", 0.0, "", "")


def test_an_architecture_is_known_by_its_former_name_too(root: Path) -> None:
    card = card_for(of_type(root / "mine", "lfm2-vl"), root)
    assert (card.architecture, card.frames, card.note) == ("lfm2-vl", 4, "")


def test_a_fetched_repository_is_called_by_its_id(root: Path) -> None:
    folder = of_type(root / ".models" / "someone--else@refs--pr--1", "navit")
    assert card_for(folder, root).name == "someone/else@refs/pr/1"


@pytest.mark.parametrize("config", ["", "{", "[]", "{}", '{"model_type": 3}', "[" * 100_000])
def test_a_config_that_cannot_be_read_leaves_the_card_bare(config: str, root: Path) -> None:
    assert card_for(model(root / "mine", config), root) == Card("mine")


def test_versions_are_compared_as_numbers() -> None:
    starts = [Bound("", least=each) for each in ("0.6.2", "0.6.14", "0.6.9")]
    assert _narrowest(starts) == (Bound("", least="0.6.14"),)
