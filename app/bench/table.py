"""The result on a terminal, and as Markdown to paste."""

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.bench.grid import Grid, grids, opening
from app.bench.result import Result
from app.harmless import harmless

WIDTH = 150
"""Columns, where there is no terminal to ask."""


def show(result: Result, more: Sequence[Grid], out: TextIO) -> None:
    """Print the tables of the result, and `more` of them behind those."""
    console = Console(file=out, markup=False, emoji=False, highlight=False, width=None if out.isatty() else WIDTH)
    for line in opening(result):
        console.print(Text(harmless(line)))
    for grid in (*grids(result), *more):
        console.print(table(grid))


def table(grid: Grid) -> Table:
    made = Table(title=Text(grid.title), title_justify="left", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for place, name in enumerate(grid.header):
        made.add_column(Text(name), justify="right" if place else "left", no_wrap=place == 0)
    for line in grid.lines:
        made.add_row(*map(Text, line))
    return made


def markdown(result: Result, more: Sequence[Grid]) -> str:
    """The same, ready to paste into an issue or a README."""
    lines = [f"- {harmless(line)}" for line in opening(result)]
    for grid in (*grids(result), *more):
        lines += ["", f"**{grid.title}**", "", row(grid.header), row(["---", *["---:"] * (len(grid.header) - 1)])]
        lines += map(row, grid.lines)
    return "\n".join(lines)


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(each.replace('|', '/') for each in cells)} |"
