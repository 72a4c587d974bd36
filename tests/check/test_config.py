"""What config.json must say for the loader to build anything from it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from mlx_vlm import utils

from app.check import fit as config
from app.check.checkpoint import Checkpoint
from app.check.findings import Finding
from tests.fixtures.families.shelf import Shelf


def checkpoint(tmp_path: Any, **said: Any) -> Checkpoint:
    return Checkpoint(tmp_path, said)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, ["model-type-unknown"]),
        ({"model_type": 7}, ["model-type-unknown"]),
        ({"model_type": "smolvlm9"}, ["model-type-unknown"]),
        ({"model_type": "../smolvlm"}, ["model-type-unknown"]),
        ({"model_type": "smolvlm.config"}, ["model-type-unknown"]),
        ({"model_type": "smolvlm", "model_file": "modeling.py"}, ["config-unfit"]),
        ({"model_type": "smolvlm"}, []),
        ({"model_type": "SmolVLM"}, []),
        ({"model_type": "llava_qwen2"}, []),
        ({"model_type": "lfm2-vl"}, []),
        ({"model_type": "moondream1"}, []),
    ],
)
def test_an_architecture_is_known_by_its_name_or_its_alias(
    tmp_path: Any, said: dict[str, Any], code: list[str]
) -> None:
    assert [each.code for each in config.known(checkpoint(tmp_path, **said))] == code


@pytest.mark.parametrize(
    "said",
    [
        {"text_config": [1, 2]},
        {"vision_config": "x"},
        {"quantization": 4},
        {"text_config": {"num_hidden_layers": 10**7}},
        {"num_hidden_layers": 10**7},
        {"vision_config": {"depth": 1}},
    ],
)
def test_a_part_that_cannot_be_built_is_told_before_the_loader_tries(tmp_path: Any, said: dict[str, Any]) -> None:
    found = config.known(checkpoint(tmp_path, model_type="smolvlm", **said))
    assert [each.code for each in found] == ["config-unfit"]


def test_the_loaders_plan_has_all_tensors_of_a_good_model(shelf: Shelf) -> None:
    plan = config.plan(Checkpoint(shelf.folder("smolvlm-hub"), {"model_type": "smolvlm"}))
    assert isinstance(plan, config.Plan)
    assert plan.expected == plan.found
    assert plan.config.text_config.rope_theta == 100_000


@pytest.mark.parametrize("keys", [{"text_config": None}, {"vision_config": None}, {"scale_factor": "x"}])
def test_a_config_that_the_loader_refuses_is_told(shelf: Shelf, tmp_path: Path, keys: dict[str, Any]) -> None:
    folder = shutil.copytree(shelf.folder("smolvlm-hub"), tmp_path / "model")
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))
    found = config.plan(Checkpoint(folder, {"model_type": "smolvlm"}))
    assert isinstance(found, Finding)
    assert found.code == "config-unfit"


def test_a_defect_of_the_check_is_not_laid_to_the_model(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(utils, "_load_safetensors")
    with pytest.raises(AttributeError):
        config.plan(Checkpoint(shelf.folder("smolvlm-hub"), {"model_type": "smolvlm"}))
