"""Tries every family of models with every mlx-vlm of the list: `python -m scripts.compatibility [NAME…]`.

It installs each version twice into a temporary folder, with the dependencies of today and those of its release, shows
it every model, and writes models/compatibility.toml; with names it only says what these models came to. All of it took
25 minutes on two busy cores; on Linux, preload OpenBLAS (KNOWN_ISSUES.md, "MLX is slow on Linux").

    python -m scripts.compatibility --page         # write the file's tables into docs/compatibility.md
"""

import argparse
import os
import platform
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.compatibility import environments, matrix
from scripts.compatibility.agreement import compared
from scripts.compatibility.matrix import as_numbers


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.compatibility", description=__doc__)
    parser.add_argument("name", nargs="*", help="a model of tests/fixtures/families, or demo; all where none is named")
    parser.add_argument("--keep", type=Path, help="make the environments in this folder, or take those that are there")
    parser.add_argument("--page", action="store_true", help="write docs/compatibility.md from the file; try nothing")
    wanted = parser.parse_args()
    if wanted.page:
        matrix.PAGE.write_text(matrix.page(matrix.read()))
        return
    with TemporaryDirectory() as temporary:
        found = tried(wanted.name, Path(temporary), (wanted.keep or Path(temporary)).absolute())
    if not wanted.name:
        matrix.write(found)


def tried(names: list[str], scratch: Path, kept: Path) -> matrix.Matrix:
    from scripts.compatibility import subjects  # loads MLX, which --page can do without

    models = subjects.write_models(scratch / "models", names or subjects.ALL)
    trial = Trial(models, subjects.write_pictures(scratch / "pictures"), scratch)
    today = trial.half(kept / "today", as_released=False)
    then = trial.half(kept / "then", as_released=True)
    where = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return matrix.Matrix(date.today(), where, today, then)


@dataclass(frozen=True, slots=True)
class Trial:
    """What every version is shown, and a folder for the numbers that come of it."""

    models: Mapping[str, Path]
    pictures: Path
    scratch: Path

    def half(self, folder: Path, *, as_released: bool) -> matrix.Half:
        """Try every model with every version, the newest first: it is the one that the others are held to."""
        brings: dict[str, Mapping[str, str]] = {}
        answers: dict[str, dict[str, str]] = {}
        for version in reversed(environments.RELEASED):
            environment = environments.make(version, folder / version, as_released=as_released)
            brings[version] = environment.brings
            print(f"mlx-vlm {version} with {brings[version]}", file=sys.stderr)
            with ThreadPoolExecutor(os.cpu_count()) as several:
                told = several.map(partial(self.ask, environment), self.models)
                answers[version] = dict(zip(self.models, told, strict=True))
        return in_order(brings, answers)

    def ask(self, environment: environments.Environment, name: str) -> str:
        """The answer for one model; it is told on stderr, too, as it comes."""
        numbers = self.scratch / f"{environment.folder.parent.name} {environment.version} {name}.npz"
        newest = self.scratch / f"today {max(environments.RELEASED, key=as_numbers)} {name}.npz"
        answer = environment.ask(self.models[name], numbers, self.pictures if name == "demo" else None)
        told = compared(answer, numbers, newest)
        print(f"    {name:24} {told}", file=sys.stderr)
        return told


def in_order(brings: Mapping[str, Mapping[str, str]], answers: Mapping[str, Mapping[str, str]]) -> matrix.Half:
    """Oldest version first, and by model instead of by version."""
    versions = sorted(brings, key=as_numbers)
    families = {name: {version: answers[version][name] for version in versions} for name in answers[versions[0]]}
    return matrix.Half({version: brings[version] for version in versions}, families)


main()
