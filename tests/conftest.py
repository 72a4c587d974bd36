"""Hooks and fixtures that tests of several folders share."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event

import hypothesis
import pytest

from app.outputs.log import LAST
from tests.chrome import chrome, driver, visit, visit_with_camera
from tests.needs import pytest_runtest_setup
from tests.sources.clips import encode

__all__ = ["chrome", "driver", "pytest_runtest_setup", "visit", "visit_with_camera"]

BEFORE = pytest.StashKey[bytes | None]()
"""What told of the log written last when the tests began."""

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", ".cache/hypothesis")  # not .hypothesis: clean must know it

hypothesis.settings.register_profile(
    "untimed", hypothesis.settings(), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")  # what takes long on a busy machine is no defect

for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:  # under nohup, or behind `&`: children would inherit the deafness
        signal.signal(number, usual)


def pytest_sessionstart(session: pytest.Session) -> None:
    """The tests' runs write logs, too; what `./run.sh history` shows stays what it was."""
    if not hasattr(session.config, "workerinput"):  # of several processes, the one that started them sees to it
        session.config.stash[BEFORE] = LAST.read_bytes() if LAST.exists() else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    if BEFORE not in session.config.stash:
        return
    before = session.config.stash[BEFORE]
    if before is None:
        LAST.unlink(missing_ok=True)
    else:
        LAST.write_bytes(before)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second at 30 frames/s, 320×240, whose every frame shows its own number."""
    return encode(tmp_path_factory.mktemp("clips") / "clip.avi")


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, **how) -> Path:
        return encode(tmp_path / name, **how)

    return make


@pytest.fixture
def stop() -> Event:
    return Event()
