"""The scripts are clean under shellcheck and can be read by all three shells."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs
from tests.shell.stage import PROJECT, SHELLS

STARTED = ("install.sh", "run.sh", "scripts/lock.sh", "scripts/check_lock.sh", ".ci/run")
POSIX = sorted(["install.sh", "run.sh", *(f"scripts/{path.name}" for path in (PROJECT / "scripts").glob("*.sh"))])
SHELLCHECK = Path(sys.executable).parent / "shellcheck"


@needs.file(SHELLCHECK)
def test_shellcheck_has_nothing_to_say() -> None:
    found = subprocess.run([SHELLCHECK, "-x", "-a", *STARTED], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert found.stdout == ""
    assert found.returncode == 0


@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs.tool(SHELLS[name][0])) for name in SHELLS])
@pytest.mark.parametrize("script", POSIX)
def test_every_shell_can_read_every_script(script: str, shell: str) -> None:
    first, *rest = SHELLS[shell]
    subprocess.run([str(shutil.which(first)), *rest, "-n", script], cwd=PROJECT, check=True)


@pytest.mark.parametrize("script", STARTED)
def test_what_is_started_by_name_can_be_executed(script: str) -> None:
    assert (PROJECT / script).stat().st_mode & 0o100
