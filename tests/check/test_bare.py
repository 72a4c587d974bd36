"""The check must work where little else does: in a Python without a single package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs

ROOT = Path(__file__).parents[2]
CHECK = """
from pathlib import Path
from app.check.findings import Facts, ModelState
from app.check.findings import as_json
from app.check.machine import findings
state = ModelState("tiny", None, "not installed")
print(as_json(findings(Facts(lambda: state, lambda: ["webcam"], lambda: None))))
"""


def python(code, *flags, **env):
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **env},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def bare():
    """The findings of a Python that has no packages (-S), no home and no settings of the user, by their names."""
    return {each["name"]: each for each in json.loads(python(CHECK, "-S"))["findings"]}


def test_every_missing_package_is_told_with_what_installs_it(bare):
    for name in ("mlx", "mlx-vlm", "transformers", "opencv-python-headless", "pillow", "numpy"):
        assert (bare[name]["status"], bare[name]["remedy"]) == ("bad", "./install.sh")


def test_torch_is_not_missed(bare):
    assert bare["torch"]["status"] == "ok"


def test_a_device_that_cannot_be_asked_is_unknown_with_its_reason(bare):
    assert bare["MLX device"]["status"] == "unknown"
    assert "ModuleNotFoundError" in bare["MLX device"]["sentence"]


def test_what_needs_no_package_is_still_found_out(bare):
    told = {name: bare[name]["status"] for name in ("model", "camera", "voice")}
    assert told == {"model": "bad", "camera": "ok", "voice": "note"}
    assert {bare[name]["status"] for name in ("memory", "disk")} <= {"ok", "note"}


@needs.platform("linux")
def test_openblas_is_seen_when_it_is_preloaded():
    code = "from app.check.machine import this_device; print(this_device().sentence)"
    said = python(code, LD_PRELOAD="libopenblas.so.0"), python(code)
    assert ["without OpenBLAS" in each for each in said] == [False, True]


def test_importing_the_check_imports_nothing_heavy():
    code = "import sys, app.check; print(sorted({'mlx', 'cv2', 'numpy', 'PIL', 'transformers'} & set(sys.modules)))"
    assert python(code) == "[]\n"
