"""Tests of the scripts run in dash, and with `--all` also in bash as macOS has it and in busybox with its own tools."""

from pathlib import Path

import pytest

from tests import needs
from tests.shell.stage import SHELLS, Stage
from tests.sweeps import spread


@pytest.fixture(params=spread([pytest.param(name, marks=needs.tool(SHELLS[name][0])) for name in SHELLS], 1))
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(tmp_path, request.param)
