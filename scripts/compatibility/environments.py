"""Throw-away environments, one for each version of mlx-vlm, and the probe run inside them. They need uv."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROBE = Path(__file__).with_name("probe.py")
DECIDING = ("mlx", "mlx-lm", "transformers")
LIMIT_S = 600
RELEASED = {
    "0.3.9": date(2025, 12, 3),
    "0.4.4": date(2026, 4, 4),
    "0.5.0": date(2026, 5, 6),
    "0.6.0": date(2026, 6, 1),
    "0.6.10": date(2026, 8, 4),
    "0.6.15": date(2026, 8, 18),
    "0.7.10": date(2026, 10, 21),
}
"""The versions of mlx-vlm that are tried, and when PyPI got them."""
LIST = "import importlib.metadata as m, sys; print(*(f'{d.name}=={d.version}' for d in m.distributions()), sep='\\n')"


@dataclass(frozen=True, slots=True)
class Environment:
    """One mlx-vlm with its dependencies, in a folder of its own."""

    version: str
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def brings(self) -> Mapping[str, str]:
        """The versions of the packages that decide."""
        listed = subprocess.run([self.python, "-c", LIST], capture_output=True, text=True, check=True).stdout
        found = dict(line.split("==") for line in listed.split())
        return {name: found[name] for name in DECIDING if name in found}

    def ask(self, model: Path, numbers: Path, pictures: Path | None) -> str:
        """What the probe says of this model folder; whatever else becomes of the probe is an answer too."""
        command: list[str | Path] = [self.python, "-P", PROBE, model, numbers, *([pictures] if pictures else [])]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=LIMIT_S, env=_surroundings())  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"hangs: no answer within {LIMIT_S} s"
        said = done.stdout.splitlines()
        return said[-1] if said else f"crashes: exit code {done.returncode}, {_last(done.stderr)}"


def make(version: str, folder: Path, *, as_released: bool) -> Environment:
    """Install mlx-vlm `version` with what a resolver gives today, or gave on the day after its release."""
    made = Environment(version, folder)
    if not made.python.exists():
        _uv("venv", "--python", sys.executable, str(folder))
    until = ["--exclude-newer", str(RELEASED[version] + timedelta(days=1))] if as_released else []
    mlx = "mlx[cpu]" if sys.platform == "linux" else "mlx"
    _uv("pip", "install", "--python", str(made.python), *until, f"mlx-vlm=={version}", mlx)
    return made


def _uv(*arguments: str) -> None:
    own = ROOT / ".uv" / "pip" / "bin" / "uv"
    uv = str(own) if own.exists() else shutil.which("uv")
    if uv is None:
        sys.exit("error: no uv was found\nhint: ./install.sh brings one, or see docs.astral.sh/uv")
    subprocess.run([uv, *arguments, "--quiet", "--no-progress"], check=True, cwd=ROOT.anchor)


def _surroundings() -> dict[str, str]:
    """As they are, without a way to the hub, and with one order of Python's sets, so that one failure comes first."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONHASHSEED": "0", "TRANSFORMERS_VERBOSITY": "error"}


def _last(stderr: str) -> str:
    return next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "nothing said")
