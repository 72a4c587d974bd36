"""The matrix as a record: read from models/compatibility.toml, written to it, rendered for KNOWN_ISSUES.md.

It tries nothing. An answer is a verdict, and often a reason after a colon:

    works              loads, describes, and sees the whole frame, with the processor as it is and in looksay's one tile
    one-tile-only      sees the whole frame only in looksay's one tile; the reason says what happens else
    one-frame-only     sees one frame rightly, and several not as the newest mlx-vlm does
    answers otherwise  sees, and comes to other numbers than the newest mlx-vlm
    blind              describes, but the picture, or a part of it, does not reach the words
    captions wrongly   sees, and does not say what the reference implementation says
    does not load, fails on a frame, crashes, hangs
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path

FILE = Path(__file__).parents[2] / "models" / "compatibility.toml"
HEAD = """\
# Which mlx-vlm works with which family of models. Made by `python -m scripts.compatibility`; run it again, do not edit.
# What the answers mean: scripts/compatibility/matrix.py. `today` is what a resolver gave for each mlx-vlm on the day of
# the run, `then` what it would have given on the day after that mlx-vlm came out. torch is in none of them.
"""
MEANS_SIGHT = ("works", "one-tile-only", "one-frame-only")
"""With these verdicts one frame in one tile is seen, and rightly."""
Answers = Mapping[str, str]
"""By version of mlx-vlm."""


@dataclass(frozen=True, slots=True)
class Half:
    """Every family against every version, with the dependencies resolved in one way."""

    brings: Mapping[str, Mapping[str, str]]
    """By version of mlx-vlm: the packages that decide, and their versions."""
    families: Mapping[str, Answers]


@dataclass(frozen=True, slots=True)
class Matrix:
    """One run of it all."""

    when: date
    platform: str
    today: Half
    then: Half


def verdict(answer: str) -> str:
    return answer.partition(": ")[0]


def as_numbers(version: str) -> tuple[int, ...]:
    """By which versions are compared: 0.6.9 is older than 0.6.10."""
    return tuple(int(part) for part in version.split("."))


def read(path: Path = FILE) -> Matrix:
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return Matrix(found["when"], found["platform"], Half(**found["today"]), Half(**found["then"]))


def write(matrix: Matrix, path: Path = FILE) -> None:
    halves = (("today", matrix.today), ("then", matrix.then))
    tables = [table for name, half in halves for table in _tables(name, half)]
    about = f"when = {matrix.when.isoformat()}\nplatform = {json.dumps(matrix.platform)}\n"
    path.write_text("\n".join([HEAD, about, *tables]), encoding="utf-8")


def _tables(name: str, half: Half) -> Iterator[str]:
    for version, packages in half.brings.items():
        yield _table(f'{name}.brings."{version}"', packages)
    for family, answers in half.families.items():
        yield _table(f"{name}.families.{json.dumps(family)}", answers)


def _table(heading: str, values: Mapping[str, str]) -> str:
    lines = (f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
    return f"[{heading}]\n{''.join(lines)}"


@dataclass(slots=True)
class Notes:
    """Reasons, each with the number that stands for it in a table."""

    numbers: dict[str, int] = field(default_factory=dict)

    def cell(self, answer: str) -> str:
        short, _, reason = answer.partition(": ")
        if not reason:
            return short
        return f"{short} ({self.numbers.setdefault(reason, len(self.numbers) + 1)})"

    @property
    def lines(self) -> str:
        said = ((number, reason.replace("`", "'")) for reason, number in self.numbers.items())
        return "\n".join(f"{number}. `{reason}`" for number, reason in said)


def markdown(matrix: Matrix) -> str:
    """Both tables with their reasons; families that answer alike share a row."""
    notes = Notes()
    parts = (
        f"With what a resolver gives today ({matrix.when}; {matrix.platform}):",
        _rows(matrix.today, notes),
        "With what it gave when each version came out:",
        _rows(matrix.then, notes),
        notes.lines,
    )
    return "\n\n".join(parts) + "\n"


def _rows(half: Half, notes: Notes) -> str:
    versions = list(half.brings)
    rows = [["mlx-vlm", *versions], ["---"] * (len(versions) + 1)]
    for package in dict.fromkeys(name for each in half.brings.values() for name in each):
        rows.append([package, *(half.brings[version].get(package, "–") for version in versions)])
    for cells, families in _alike(half):
        rows.append([", ".join(families), *map(notes.cell, cells)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _alike(half: Half) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Neighbours with the same answers, together."""
    for cells, group in groupby(half.families.items(), key=lambda item: tuple(item[1][v] for v in half.brings)):
        yield cells, [family for family, _ in group]
