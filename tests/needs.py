"""What a test needs of the machine. It is skipped where that is missing, with one clear line; in CI it fails instead.

    from tests import needs

    pytestmark = needs.module("cv2")              # for a whole file

    @needs.tool("espeak-ng")                      # for one test; also as marks= of a pytest.param
    def test_the_voice_stops_within_200_ms(): ...

In CI everything is installed, so a skip there would hide a test that never runs. Only what CI cannot have may be
missing: another operating system, and what may be missing there by `even_in_ci=True` (torch). What
./install.sh test --reference has installed of that, it names in $LOOKSAY_ENGINES, and then it may not.
"""

import os
import shutil
import sys
from importlib.util import find_spec

import pytest

CHROMIUMS = {
    "linux": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "chromium",
    ),
}
"""Names on PATH or places of a Chromium, the best first, by operating system."""
LLAMA_MODULE = "xllamacpp"
"""The Python module that has llama.cpp in it."""


def tool(name: str, *, even_in_ci: bool = False) -> pytest.MarkDecorator:
    """An executable on PATH. Only CI on Linux installs them all, so on a Mac a missing one is always a skip."""
    may_miss = even_in_ci or sys.platform != "linux"
    return _need(
        f"needs the command {name}, which is not on PATH",
        is_met=shutil.which(name) is not None,
        may_miss_in_ci=may_miss,
    )


def module(name: str, *, even_in_ci: bool = False) -> pytest.MarkDecorator:
    """A module that can be found; it is not imported for that."""
    is_promised = name in os.environ.get("LOOKSAY_ENGINES", "").split()
    return _need(
        f"needs the Python module {name}, which is not installed",
        is_met=_can_find(name),
        may_miss_in_ci=even_in_ci and not is_promised,
    )


def llama() -> pytest.MarkDecorator:
    """llama.cpp in any form that `--backend llama` can run: a wheel, or llama-server on PATH."""
    return _need(
        "needs llama.cpp, and there is neither xllamacpp nor llama-server on PATH",
        is_met=_can_find(LLAMA_MODULE) or shutil.which("llama-server") is not None,
        may_miss_in_ci=False,
    )


def platform(name: str) -> pytest.MarkDecorator:
    """An operating system, as `sys.platform` names it: "darwin" or "linux"."""
    return _need(f"needs {name}; this is {sys.platform}", is_met=sys.platform == name, may_miss_in_ci=True)


def file(path: str | os.PathLike[str], *, even_in_ci: bool = False) -> pytest.MarkDecorator:
    """A file or folder that is made elsewhere, such as the trained demo model."""
    return _need(f"needs {path}, which is not there", is_met=os.path.exists(path), may_miss_in_ci=even_in_ci)


def chromium() -> pytest.MarkDecorator:
    """A browser for tests/chrome.py."""
    return _need(
        "needs Chromium or Google Chrome, found neither on PATH nor where $LOOKSAY_CHROMIUM says",
        is_met=found_chromium() is not None,
        may_miss_in_ci=sys.platform != "linux",
    )


def found_chromium() -> str | None:
    """Its path: what $LOOKSAY_CHROMIUM says and nothing else, where that is set."""
    named = os.environ.get("LOOKSAY_CHROMIUM")
    names = [named] if named else CHROMIUMS.get(sys.platform, ())
    return next(filter(None, map(shutil.which, names)), None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail for the first need that is not met; tests/conftest.py hands this hook to pytest."""
    for mark in item.iter_markers("needs"):
        if not mark.kwargs["is_met"]:
            _refuse(mark.kwargs["reason"], may_miss_in_ci=mark.kwargs["may_miss_in_ci"])


def _need(reason: str, *, is_met: bool, may_miss_in_ci: bool) -> pytest.MarkDecorator:
    return pytest.mark.needs(is_met=is_met, reason=reason, may_miss_in_ci=may_miss_in_ci)


def _refuse(reason: str, *, may_miss_in_ci: bool) -> None:
    if os.environ.get("CI") == "true" and not may_miss_in_ci:
        pytest.fail(f"{reason}; in CI that is a failure (see .ci/run)", pytrace=False)
    pytest.skip(reason)


def _can_find(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:  # "a.b" where a is missing
        return False
