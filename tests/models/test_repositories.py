"""Any repository of the hub can be installed by its id, with the care that a registered model gets."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import ModelError
from app.models import card_for, locate, lockfile
from app.models.install import main
from tests.fixtures.families import make
from tests.fixtures.loopback_hub import REPOSITORY, REVISION, LoopbackHub

ID = "owner/name"
FOLDER = "owner--name"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
INDEX = "model.safetensors.index.json"

TOKENIZERS = ("vocab.json", "merges.txt", "added_tokens.json", "tokenizer.model", "words.tiktoken", "more.jinja")
"""What tokenizers of other families are made of."""
LEFT = (
    "modeling.py", "processing_fastvlm.py", "pytorch_model.bin", "model.pt", "model-Q4_K_M.gguf", "model.onnx",
    "consolidated.safetensors", "adapter_model.safetensors", "adapter_config.json", "README.md", "picture.png",
)  # fmt: skip
"""Code, weights in other formats, or a second time, and what is not needed."""


@pytest.fixture(scope="session")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen3-VL in two shards, with an index, beside much that a repository may hold and nobody wants here."""
    import mlx.core as mx

    folder = make("qwen3-vl", tmp_path_factory.mktemp("sharded") / "model")
    (folder / INDEX).unlink(missing_ok=True)
    tensors = mx.load(str(folder / "model.safetensors"))
    assert isinstance(tensors, dict)
    names = sorted(tensors)
    halves = dict(zip(SHARDS, (names[::2], names[1::2]), strict=True))
    for shard, half in halves.items():
        mx.save_safetensors(str(folder / shard), {name: tensors[name] for name in half}, {"format": "mlx"})
    (folder / "model.safetensors").unlink()
    weight_map = {name: shard for shard, half in halves.items() for name in half}
    (folder / INDEX).write_text(json.dumps({"weight_map": weight_map}))
    for name in (*TOKENIZERS, *LEFT):
        (folder / name).write_text("{}")
    return folder


@pytest.fixture
def other(hub: LoopbackHub, sharded: Path) -> Iterator[LoopbackHub]:
    """The hub with another repository than the registry's."""
    hub.repository, hub.folder = ID, sharded
    return hub


def fetch(name: str, root: Path) -> int:
    return main([name], root, 10, quantize=False)


def test_a_repository_is_installed_under_its_id_recorded_and_found_again(other: LoopbackHub, root: Path) -> None:
    assert fetch(ID, root) == 0
    assert locate(ID, root) == root / ".models" / FOLDER
    assert lockfile.verify(locate(ID, root), root) == "recorded at install"
    entry = lockfile.entries(root)[FOLDER]
    assert (entry.repository, entry.revision, entry.made) == (ID, REVISION, {"bits": 0})
    assert card_for(locate(ID, root), root).name == ID
    assert [path for _, path, _ in other.asked if path.startswith("/api/")] == [f"/api/models/{ID}/revision/main"]


@pytest.mark.usefixtures("other")
def test_all_shards_their_index_and_every_file_of_a_tokenizer_come_and_nothing_else(root: Path, sharded: Path) -> None:
    fetch(ID, root)
    names = {path.name for path in locate(ID, root).iterdir()}
    assert names == {path.name for path in sharded.iterdir()} - set(LEFT)
    assert {*SHARDS, INDEX, *TOKENIZERS} <= names
    assert set(lockfile.entries(root)[FOLDER].files) == names


@pytest.mark.usefixtures("other")
def test_what_was_installed_is_what_mlx_vlm_loads(root: Path) -> None:
    from mlx.utils import tree_flatten
    from mlx_vlm.utils import load_model

    fetch(ID, root)
    assert tree_flatten(load_model(locate(ID, root)).parameters())


def test_a_second_installation_and_a_start_ask_the_hub_nothing(
    other: LoopbackHub, root: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(ID, root)
    other.asked.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch(ID, root) == 0
    assert "owner/name is already installed" in capsys.readouterr().err
    assert lockfile.verify(locate(ID, root), root) == "recorded at install"
    assert other.asked == []


@pytest.mark.usefixtures("other")
def test_one_changed_byte_of_a_shard_is_noticed_and_the_remedy_can_be_typed(root: Path) -> None:
    fetch(ID, root)
    shard = locate(ID, root) / SHARDS[1]
    content = bytearray(shard.read_bytes())
    shard.unlink()  # it may share its bytes with a download
    content[-1] ^= 1
    shard.write_bytes(content)
    with pytest.raises(ModelError, match="has changed since it was installed") as failure:
        lockfile.verify(locate(ID, root), root)
    assert failure.value.hint.startswith(f"./install.sh --model {ID} fetches it anew")


def test_a_shard_that_arrives_spoilt_is_not_installed(
    other: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    other.spoil.add(SHARDS[1])
    assert fetch(ID, root) == 1
    assert f"{SHARDS[1]} did not arrive" in capsys.readouterr().err
    assert not (root / ".models" / FOLDER).exists()
    other.spoil.clear()
    assert fetch(ID, root) == 0


def test_a_tag_is_resolved_once_and_has_a_folder_of_its_own(other: LoopbackHub, root: Path) -> None:
    other.names = ("main", "v2", "refs/pr/1")
    for name in (ID, f"{ID}@v2", f"{ID}@refs/pr/1", f"{ID}@{REVISION}"):
        assert fetch(name, root) == 0
        assert lockfile.verify(locate(name, root), root) == "recorded at install"
    folders = {path.name for path in (root / ".models").iterdir()} - {"lock.json"}
    assert folders == {FOLDER, f"{FOLDER}@v2", f"{FOLDER}@refs--pr--1", f"{FOLDER}@{REVISION}"}
    other.asked.clear()
    assert fetch(f"{ID}@v2", root) == 0
    assert other.asked == []


def test_a_repository_of_the_registry_is_installed_as_its_pinned_model(
    hub: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    assert fetch(REPOSITORY, root) == 0
    assert f"{REPOSITORY} is small of models/registry.toml" in capsys.readouterr().err
    assert lockfile.verify(locate(REPOSITORY, root), root) == "pinned"
    assert hub.ranges("model.safetensors")


def test_its_licence_is_said_before_it_is_downloaded_and_recorded(
    other: LoopbackHub, root: Path, capsys: pytest.CaptureFixture
) -> None:
    other.licence = {"license": "other", "license_name": "lfm1.0"}
    fetch(ID, root)
    assert f"{ID} at {REVISION[:12]} (lfm1.0): " in capsys.readouterr().err
    assert lockfile.entries(root)[FOLDER].licence == "lfm1.0"


def test_a_repository_without_a_config_is_told_before_it_is_fetched(
    other: LoopbackHub, sharded: Path, root: Path, capsys: pytest.CaptureFixture
) -> None:
    other.folder = root / "hub"
    shutil.copytree(sharded, other.folder)
    (other.folder / "config.json").unlink()
    assert fetch(ID, root) == 1
    assert f"{ID} has no config.json: it is not a whole model" in capsys.readouterr().err
    assert not other.ranges(SHARDS[0])


@pytest.mark.parametrize("content", ["<html>", "[]", '"words"'])
def test_a_config_that_is_none_is_explained(
    content: str, other: LoopbackHub, sharded: Path, root: Path, capsys: pytest.CaptureFixture
) -> None:
    other.folder = root / "hub"
    shutil.copytree(sharded, other.folder)
    (other.folder / "config.json").write_text(content)
    assert fetch(ID, root) == 1
    assert "error: the model cannot be used: config.json" in capsys.readouterr().err
    assert not (root / ".models").exists() or FOLDER not in {path.name for path in (root / ".models").iterdir()}


