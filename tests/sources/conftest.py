"""Clips whose every frame shows its own number, so that a test can tell which frame it was given."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from tests.sources.clips import encode


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second at 30 frames/s, 320×240."""
    return encode(tmp_path_factory.mktemp("clips") / "clip.avi")


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, **how) -> Path:
        return encode(tmp_path / name, **how)

    return make


@pytest.fixture
def stop() -> Event:
    return Event()
