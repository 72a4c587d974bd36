"""Every test of the scripts runs in all three shells: dash, bash as macOS has it, and busybox with its own tools."""

from pathlib import Path

import pytest

from tests import needs
from tests.shell.stage import SHELLS, Stage


@pytest.fixture(params=[pytest.param(name, marks=needs.tool(SHELLS[name][0])) for name in SHELLS])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(tmp_path, request.param)
