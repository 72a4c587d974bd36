"""History is tested in one time zone, so that a day begins when the tests say."""

import os
import time
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin" if os.path.exists("/usr/share/zoneinfo/Europe/Berlin") else "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
