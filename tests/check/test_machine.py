"""The machine's part of the check, as tables of facts and verdicts."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.check import machine
from app.check import machine as device
from app.check import machine as packages
from app.check import machine as parts
from app.check.findings import Finding, ModelState
from tests import needs

GB = 10**9


def verdict(finding):
    """The status; a remedy must stand where something is bad, and nothing may end in a full stop."""
    assert finding.hint or finding.status != "bad"
    assert not finding.sentence.endswith(".")
    return finding.status


@pytest.mark.parametrize(
    ("kind", "release", "processor", "status", "says"),
    [
        ("Darwin", "26.1", "arm64", "ok", "macOS 26.1"),
        ("Darwin", "14.0", "arm64", "ok", "macOS 14.0"),
        ("Darwin", "14", "arm64", "bad", "macOS 14 or later"),
        ("Darwin", "13.7.1", "arm64", "bad", "macOS 14 or later"),
        ("Darwin", "", "arm64", "bad", "macOS 14 or later"),
        ("Darwin", "26.1", "x86_64", "bad", "Rosetta"),
        ("Linux", "6.1.0", "x86_64", "note", "Apple Silicon"),
        ("Linux", "6.1.0", "aarch64", "note", "aarch64"),
        ("Windows", "11", "AMD64", "bad", "no wheels"),
    ],
)
def test_the_system_fits_or_is_told_why_not(kind, release, processor, status, says):
    found = machine.system(kind, release, processor)
    assert (verdict(found), says in found.sentence) == (status, True)


@pytest.mark.parametrize(
    ("version", "is_own", "status"),
    [
        ((3, 10, 9), True, "bad"),
        ((3, 11, 0), True, "ok"),
        ((3, 13, 9), True, "ok"),
        ((3, 14, 0), True, "bad"),
        ((3, 12, 1), False, "note"),
    ],
)
def test_python_fits_or_is_told_why_not(version, is_own, status):
    assert verdict(machine.python(version, is_own, "/p")) == status


def test_the_pythons_are_those_of_pyproject():
    wanted = re.search(r'requires-python = ">=(\d+)\.(\d+),<(\d+)\.(\d+)"', packages.PROJECT.read_text())
    low, lower, high, higher = map(int, wanted.groups())
    assert ((low, lower), (high, higher - 1)) == machine.PYTHONS


@pytest.mark.parametrize(
    ("name", "has", "status"),
    [("mlx", "1.0", "ok"), ("mlx", "0.9", "note"), ("mlx", None, "bad"), ("numpy", "9", "ok"), ("torch", None, "ok")],
)
def test_packages_are_compared_with_what_was_tested(name, has, status):
    assert verdict(packages.package(name, has, {"mlx": "1.0"})) == status


@pytest.mark.parametrize(
    ("has", "refusal", "status", "hint"),
    [
        ("5.0", "", "ok", ""),
        (None, "No module named 'cv2'", "bad", "install.sh"),
        ("5.0", "numpy.core.multiarray failed to import", "bad", "install.sh"),
    ],
)
def test_opencv_must_also_load(has, refusal, status, hint):
    found = packages.opencv(has, {}, refusal)
    assert (verdict(found), hint in found.hint) == (status, True)


@pytest.mark.parametrize(
    ("is_metal", "is_linux", "preloaded", "status", "hint"),
    [
        (True, False, "", "ok", ""),
        (False, False, "", "note", "update macOS"),
        (False, True, "/usr/lib/libopenblas.so.0", "note", ""),
        (False, True, "", "note", "apt-get install libopenblas0-pthread"),
    ],
)
def test_a_slow_device_is_told_with_what_makes_it_faster(is_metal, is_linux, preloaded, status, hint):
    found = device.computing(is_metal, "M4", is_linux, preloaded)
    assert (verdict(found), hint in found.hint, bool(found.hint)) == (status, True, bool(hint))
    assert "M4" in found.sentence


def test_the_device_of_this_machine_has_a_name():
    is_metal, name = device.device()
    assert isinstance(is_metal, bool)
    assert name


@pytest.mark.parametrize(
    ("state", "status", "says"),
    [
        (ModelState("tiny", Path("/m"), "verified", "3 files as recorded"), "ok", "tiny in /m, verified: 3 files"),
        (ModelState("tiny", Path("/m"), "not locked"), "note", "not locked"),
        (ModelState("tiny", Path("/m"), "changed", "model.safetensors differs"), "bad", "model.safetensors differs"),
        (ModelState("tiny", None, "not installed"), "bad", "tiny is not installed"),
    ],
)
def test_the_model_is_told_with_its_reason(state, status, says):
    found = parts.model(state)
    assert (verdict(found), says in found.sentence) == (status, True)


def test_a_remedy_that_comes_with_the_model_is_the_one_that_is_told():
    assert parts.model(ModelState("tiny", None, "not installed", hint="do this")).hint == "do this"


@pytest.mark.parametrize("is_mac", [True, False])
def test_a_missing_camera_stops_the_narrator_and_a_missing_voice_does_not(is_mac):
    assert verdict(parts.cameras([], is_mac)) == "bad"
    assert "./run.sh demo" in parts.cameras([], is_mac).hint
    assert verdict(parts.voice(None, is_mac)) == "note"
    assert verdict(parts.voice("Samantha", is_mac)) == "ok"


@pytest.mark.parametrize(
    ("camera", "shown"),
    [
        ("FaceTime HD Camera", "FaceTime HD Camera"),
        ("Anna’s iPhone Camera", "an iPhone (Continuity Camera)"),
        ("iPhone von Anna", "an iPhone (Continuity Camera)"),
        ("Annas iPad", "an iPad (Continuity Camera)"),
    ],
)
def test_a_camera_does_not_tell_whose_it_is(camera, shown):
    assert parts.cameras([camera], True) == Finding("camera", "ok", shown)


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
