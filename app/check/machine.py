"""`./run.sh check` without a model: system, Python, packages, device, model files, cameras, voice."""

import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.check.findings import Facts, Finding, ModelState, unknown
from app.files import ROOT

MACOS_FLOOR = (14, 0)
"""mlx 0.32 has wheels for macOS 14 and later, on arm64 only."""
PYTHONS = ((3, 11), (3, 13))
"""Oldest and newest Python that pyproject.toml allows."""
GIGABYTE = 1e9
MEMORY_LEAST = 8 * GIGABYTE
DISK_LEAST = 3 * GIGABYTE
"""A model is downloaded and then converted, so that it lies on the disk twice for a while."""


def system(kind: str, release: str, processor: str) -> Finding:
    """`kind` as platform.system() names it; `release` of macOS (14.5) or of the kernel."""
    if kind == "Darwin":
        return macos(release, processor)
    if kind == "Linux":
        return Finding(
            "system",
            "note",
            f"Linux {release} on {processor}: good for the demo and the tests; looksay is made for Apple Silicon Macs",
        )
    return Finding(
        "system",
        "bad",
        f"{kind} {release} on {processor}: MLX has no wheels for it",
        "use a Mac with Apple Silicon, or Linux",
    )


def macos(release: str, processor: str) -> Finding:
    said = f"macOS {release} on {processor}"
    if processor != "arm64":
        return Finding(
            "system",
            "bad",
            f"{said}: MLX runs on Apple Silicon alone, or this Python runs under Rosetta",
            "on Apple Silicon, in a terminal that does not use Rosetta: ./install.sh clean && ./install.sh",
        )
    if numbers(release) < MACOS_FLOOR:
        return Finding(
            "system",
            "bad",
            f"{said}: MLX needs macOS 14 or later",
            "update it in System Settings, General, Software Update",
        )
    return Finding("system", "ok", said)


def numbers(release: str) -> tuple[int, ...]:
    """14.5.1 → (14, 5, 1); what is no number ends it."""
    parts = release.split(".")
    return tuple(int(part) for part in parts if part.isdigit())


def memory(size: float) -> Finding:
    """`size` in bytes."""
    said = f"{size / GIGABYTE:.0f} GB"
    if size < MEMORY_LEAST:
        return Finding("memory", "note", f"{said}: little for models beyond the smallest", "close other programs")
    return Finding("memory", "ok", said)


def disk(free: float, folder: Path) -> Finding:
    """`free` bytes where `folder` lies."""
    said = f"{free / GIGABYTE:.1f} GB free in {folder}"
    if free < DISK_LEAST:
        return Finding("disk", "note", f"{said}: too little to install a model", "make room: 3 GB are enough")
    return Finding("disk", "ok", said)


def python(version: tuple[int, int, int], is_own: bool, prefix: str) -> Finding:
    """`is_own`: it runs in the environment that install.sh made, at `prefix`."""
    said = f"{'.'.join(map(str, version))} in {prefix}"
    oldest, newest = PYTHONS
    if not oldest <= version[:2] <= newest:
        return Finding("Python", "bad", f"{said}: looksay needs 3.11 to 3.13", "./install.sh chooses one that fits")
    if not is_own:
        return Finding("Python", "note", f"{said}: not the one that ./install.sh set up", "start looksay with ./run.sh")
    return Finding("Python", "ok", said)


def terminal(program: str, is_terminal: bool, encoding: str, is_mac: bool) -> Finding:
    """`program` as TERM_PROGRAM names it; `encoding` of standard output."""
    said = f"{program or 'unnamed'}, {encoding}{'' if is_terminal else ', output is piped'}"
    if is_mac:
        said += "; macOS asks for the camera in the name of this program"
    if encoding.lower().replace("-", "") != "utf8":
        return Finding("terminal", "note", f"{said}: letters beyond ASCII may be lost", "export PYTHONUTF8=1")
    return Finding("terminal", "ok", said)


PROJECT = ROOT / "pyproject.toml"
OPENCV = "opencv-python-headless"
WATCHED = ("mlx", "mlx-vlm", "transformers", OPENCV, "pillow", "numpy", "torch")
OPTIONAL = frozenset({"torch"})


def installed(name: str) -> str | None:
    """The version of an installed distribution."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def pins(project: Path = PROJECT) -> dict[str, str]:
    """The exact versions that pyproject.toml asks for, by name."""
    wanted = tomllib.loads(project.read_text())["project"]["dependencies"]
    found = (re.match(r"([\w.-]+)(?:\[\w+\])?==([\w.]+)", each) for each in wanted)
    return {match[1]: match[2] for match in found if match}


def package(name: str, has: str | None, pinned: Mapping[str, str]) -> Finding:
    """`has`: its installed version; `pinned`: the versions that looksay was tested with."""
    wanted = pinned.get(name)
    if has is None and name in OPTIONAL:
        return Finding(name, "ok", "not installed, and not needed")
    if has is None:
        return Finding(name, "bad", "not installed", "./install.sh")
    if wanted and has != wanted:
        return Finding(name, "note", f"{has}; looksay was tested with {wanted}", "./install.sh")
    return Finding(name, "ok", has)


def opencv(has: str | None, pinned: Mapping[str, str], refusal: str) -> Finding:
    """`refusal`: what importing it said, if it failed."""
    if has is None or not refusal:
        return package(OPENCV, has, pinned)
    return Finding(OPENCV, "bad", f"{has} is installed and does not load: {refusal}", "./install.sh")


def opencv_refusal() -> str:
    """What importing OpenCV says, or nothing if it loads."""
    try:
        import cv2  # noqa: F401
    except ImportError as failure:
        return str(failure)
    return ""


def project_version(project: Path = PROJECT) -> str:
    return str(tomllib.loads(project.read_text())["project"]["version"])


OPENBLAS = "sudo apt-get install libopenblas0-pthread"


def device() -> tuple[bool, str]:
    """Whether MLX has Metal, and the device's name."""
    import mlx.core as mx

    return mx.metal.is_available(), str(mx.device_info().get("device_name", mx.default_device()))


def computing(is_metal: bool, name: str, is_linux: bool, preloaded: str) -> Finding:
    """`preloaded`: the value of LD_PRELOAD, through which run.sh gives MLX the fast BLAS on Linux."""
    if is_metal:
        return Finding("MLX device", "ok", f"Metal on {name}")
    if not is_linux:
        return Finding(
            "MLX device",
            "note",
            f"the CPU, {name}: MLX finds no Metal, so everything is slow",
            "update macOS; in a virtual machine there is no Metal",
        )
    if "openblas" in preloaded:
        return Finding("MLX device", "note", f"the CPU, {name}, with OpenBLAS: as fast as it gets without Metal")
    return Finding(
        "MLX device",
        "note",
        f"the CPU, {name}, without OpenBLAS: matrices take about 30 times as long",
        f"{OPENBLAS}, then start looksay with ./run.sh",
    )


OF_A_PERSON = re.compile(r".*\b(iPhone|iPad)\b.*", re.DOTALL)
"""A Continuity Camera bears the name of its owner, which has no place in a bug report."""


def model(state: ModelState) -> Finding:
    """The model's files against the lock."""
    where = f"{state.name} in {state.folder}" if state.folder else state.name
    because = f": {state.reason}" if state.reason else ""
    if state.status == "verified":
        return Finding("model", "ok", f"{where}, verified{because}")
    if state.status == "not locked":
        return Finding("model", "note", f"{where}, not locked{because}", state.hint)
    if state.status == "changed":
        return Finding(
            "model", "bad", f"{where} has changed since it was installed{because}", state.hint or "./install.sh"
        )
    hint = state.hint or "./install.sh fetches it; without it: ./run.sh demo"
    return Finding("model", "bad", state.reason or f"{where} is not installed", hint)


def cameras(names: Sequence[str], is_mac: bool) -> Finding:
    """The cameras by name."""
    if names:
        return Finding("camera", "ok", ", ".join(map(anonymous, names)))
    allow = "allow your terminal in System Settings, Privacy & Security, Camera" if is_mac else "see ls /dev/video*"
    return Finding(
        "camera",
        "bad",
        "none found; other sources work without one",
        f"plug one in ({allow}), or: ./run.sh --source FILE, ./run.sh demo",
    )


def anonymous(camera: str) -> str:
    """The camera's name, unless it tells whose it is."""
    return OF_A_PERSON.sub(r"an \1 (Continuity Camera)", camera)


def voice(name: str | None, is_mac: bool) -> Finding:
    """The voice that would speak."""
    if name:
        return Finding("voice", "ok", name)
    hint = "macOS has `say` in /usr/bin: see whether it speaks" if is_mac else "sudo apt-get install espeak-ng"
    return Finding("voice", "note", "none: sentences are written and not spoken", hint)


IS_MAC = sys.platform == "darwin"


def findings(facts: Facts) -> list[Finding]:
    """Ask everything once, one after the other; takes as long as importing MLX and listing the cameras."""
    questions: list[tuple[str, Callable[[], Finding]]] = [
        ("system", this_system),
        ("memory", lambda: memory(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))),
        ("disk", lambda: disk(shutil.disk_usage(ROOT).free, ROOT)),
        ("Python", this_python),
        *((name, partial(this_package, name)) for name in WATCHED),
        ("MLX device", this_device),
        ("model", lambda: model(facts.model())),
        ("camera", lambda: cameras(facts.cameras(), IS_MAC)),
        ("voice", lambda: voice(facts.voice(), IS_MAC)),
        ("terminal", this_terminal),
    ]
    return [answered(name, question) for name, question in questions]


def answered(name: str, question: Callable[[], Finding]) -> Finding:
    """The answer, or that there is none, and why."""
    try:
        return question()
    except Exception as failure:  # noqa: BLE001 — a report on a broken machine must still be printed
        return unknown(name, failure)


def this_system() -> Finding:
    release = platform.mac_ver()[0] if IS_MAC else platform.release()
    return system(platform.system(), release, platform.machine())


def this_python() -> Finding:
    is_own = Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()
    return python(sys.version_info[:3], is_own, sys.prefix)


def this_package(name: str) -> Finding:
    has, pinned = installed(name), pins()
    if name == OPENCV:
        return opencv(has, pinned, opencv_refusal())
    return package(name, has, pinned)


def this_device() -> Finding:
    is_metal, name = device()
    return computing(is_metal, name, sys.platform == "linux", os.environ.get("LD_PRELOAD", ""))


def this_terminal() -> Finding:
    program = os.environ.get("TERM_PROGRAM") or os.environ.get("TERM", "")
    return terminal(program, sys.stdout.isatty(), sys.stdout.encoding, IS_MAC)
