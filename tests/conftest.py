"""Hooks and fixtures that every room's tests share."""

import os
import signal

import hypothesis
import pytest

from app.outputs.logbook import LAST
from tests.chrome import chrome, driver, visit, visit_with_camera
from tests.needs import pytest_runtest_setup

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
