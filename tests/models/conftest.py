"""A small published model, a hub that serves it, and a project folder whose registry names it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models.lockfile import sha256
from tests.fixtures.families.smolvlm import make_small_smolvlm
from tests.fixtures.loopback_hub import REPOSITORY, REVISION, LoopbackHub


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As it lies on the hub."""
    return make_small_smolvlm(tmp_path_factory.mktemp("published") / "model")


@pytest.fixture
def root(tmp_path: Path, published: Path) -> Path:
    """A project folder: a pinned model, an unpinned one and a bundled one."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "registry.toml").write_text(
        f'[small]\ndefault = true\nrepository = "{REPOSITORY}"\nrevision = "{REVISION}"\nlicence = "apache-2.0"\n'
        f'sha256 = {{ "model.safetensors" = "{sha256(published / "model.safetensors")}" }}\nbits = 4\n'
        f'[newest]\nrepository = "{REPOSITORY}"\nlicence = "apache-2.0"\n'
        '[demo]\nfolder = "models/demo"\nlicence = "MIT"\n'
    )
    return tmp_path


@pytest.fixture
def hub(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """Asked instead of the real one, whatever the environment of the tests says."""
    from huggingface_hub import close_session, constants

    with LoopbackHub(published) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / ".hf_cache"))
        monkeypatch.setenv("HF_TOKEN", "not-a-token")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        close_session()
        yield hub
