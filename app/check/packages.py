"""What is installed, by its metadata alone: nothing is imported for it."""

import re
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.check.findings import Finding
from app.files import ROOT

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
