"""Hooks and fixtures that every room's tests share."""

import os
import signal
from collections.abc import Iterator

import pytest

from app.logbook import LAST
from tests.chrome import chrome, driver, visit, visit_with_camera
from tests.needs import pytest_runtest_setup

__all__ = ["chrome", "driver", "pytest_runtest_setup", "visit", "visit_with_camera"]

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", ".cache/hypothesis")  # not .hypothesis: clean must know it

for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:  # under nohup, or behind `&`: children would inherit the deafness
        signal.signal(number, usual)


@pytest.fixture(scope="session", autouse=True)
def the_log_written_last_is_still_the_users() -> Iterator[None]:
    """The tests' runs write logs, too; what `./run.sh history` shows stays what it was."""
    before = LAST.read_bytes() if LAST.exists() else None
    yield
    if before is None:
        LAST.unlink(missing_ok=True)
    else:
        LAST.write_bytes(before)
