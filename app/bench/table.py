"""The result on a terminal, and as Markdown to paste."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from app.bench.grid import Grid, grids, opening
from app.bench.result import Result
from app.text import sanitize

WIDTH = 150
"""Columns, where there is no terminal to ask."""
TIED = "\N{NO-BREAK SPACE}"
GAP = "  "
"""Four rows of medians fit into 80 columns."""


def plain(result: Result, more: Sequence[Grid], width: int) -> str:
    """The tables of the result, and `more` of them behind those, for a terminal of `width` columns."""
    lines = [part for line in opening(result) for part in wrapped(sanitize(line), width)]
    for grid in (*grids(result), *more):
        lines += ["", *wrapped(grid.title, width), *fitted(grid, width)]
    return "\n".join(lines)


def wrapped(line: str, width: int) -> list[str]:
    """Broken at spaces alone: a number stays whole."""
    return wrap(line, width, break_long_words=False, break_on_hyphens=False)


def fitted(grid: Grid, width: int) -> Sequence[str]:
    """As a table with all that there is room for: quartiles first, then words in the head; else as sentences."""
    medians = grid.medians()
    for each in (grid.spelt(), grid, medians.spelt(), medians):
        lines = table(each)
        if all(len(line) <= width for line in lines):
            return lines
    return [part.replace(TIED, " ") for line in sentences(medians) for part in wrapped(line, width)]


def table(grid: Grid) -> list[str]:
    rows = [grid.header, *grid.lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [aligned(line, widths).rstrip() for line in rows]


def aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first to the left, numbers to the right."""
    told = [cell.rjust(size) for cell, size in zip(cells[1:], widths[1:], strict=True)]
    return GAP.join([cells[0].ljust(widths[0]), *told])


def sentences(grid: Grid) -> Iterator[str]:
    """`caption, ms: a 50.9, b 41.6`: every number beside its row, and tied to it where a line is broken."""
    for line in grid.lines:
        told = (
            f"{name} {cell}".strip().replace(" ", TIED)
            for name, cell in zip(grid.header[1:], line[1:], strict=True)
            if cell
        )
        yield f"{line[0]}: {', '.join(told)}"


def markdown(result: Result, more: Sequence[Grid]) -> str:
    """The same, ready to paste into an issue or a README."""
    lines = [f"- {sanitize(line)}" for line in opening(result)]
    for grid in (*grids(result), *more):
        header = grid.spelt().header
        lines += ["", f"**{grid.title}**", "", row(header), row(["---", *["---:"] * (len(header) - 1)])]
        lines += map(row, grid.lines)
    return "\n".join(lines)


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(each.replace('|', '/') for each in cells)} |"
