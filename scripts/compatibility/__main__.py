"""Tries every family of models with every mlx-vlm of the list: `python -m scripts.compatibility [NAME…]`.

It installs each version twice into a temporary folder, with the dependencies of today and those of its release, shows
it every model, and writes models/compatibility.toml; with names it only prints what these models came to. On two busy
cores all of it takes about an hour, nearly half of that without OpenBLAS preloaded would be waiting for FastVLM.

    python -m scripts.compatibility --table        # the file's tables, for KNOWN_ISSUES.md
"""

import argparse
import platform
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.compatibility import environments, matrix


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.compatibility", description=__doc__)
    parser.add_argument("name", nargs="*", help="a model of tests/fixtures/families, or demo; all where none is named")
    parser.add_argument("--keep", type=Path, help="make the environments in this folder, or take those that are there")
    parser.add_argument("--table", action="store_true", help="print the tables of what is on file; try nothing")
    wanted = parser.parse_args()
    if wanted.table:
        print(matrix.markdown(matrix.read()), end="")
        return
    with TemporaryDirectory() as temporary:
        found = tried(wanted.name, Path(temporary), (wanted.keep or Path(temporary)).absolute())
    if not wanted.name:
        matrix.write(found)


def tried(names: list[str], scratch: Path, kept: Path) -> matrix.Matrix:
    from scripts.compatibility import subjects  # loads MLX, which --table can do without

    models = subjects.write_models(scratch / "models", names or subjects.ALL)
    pictures = subjects.write_pictures(scratch / "pictures")
    today = half(models, pictures, kept / "today", as_released=False)
    then = half(models, pictures, kept / "then", as_released=True)
    where = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return matrix.Matrix(date.today(), where, today, then)


def half(models: Mapping[str, Path], pictures: Path, folder: Path, *, as_released: bool) -> matrix.Half:
    """Try every model with every version; each answer is told on stderr as it comes."""
    answers: dict[str, dict[str, str]] = {name: {} for name in models}
    brings: dict[str, Mapping[str, str]] = {}
    for version in environments.RELEASED:
        environment = environments.make(version, folder / version, as_released=as_released)
        brings[version] = environment.brings
        print(f"mlx-vlm {version} with {dict(brings[version])}", file=sys.stderr)
        for name, model in models.items():
            answers[name][version] = environment.ask(model, pictures if name == "demo" else None)
            print(f"    {name:24} {answers[name][version]}", file=sys.stderr)
    return matrix.Half(brings, answers)


main()
