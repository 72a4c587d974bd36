"""Mutation testing of the modules that judge: small faults are put into them, and their tests must notice each.

    python -m scripts.mutants --json before.json        # all 200 mutants; best on a quiet machine
    python -m scripts.mutants --targets gate news       # some of the targets
    python -m scripts.mutants --list                    # the mutants that would be run

Two runs are comparable although modules were moved or renamed in between, because mutants are chosen by content. In
each function, the places that can be changed are listed in source order. A place is identified by the name of its
function (without class; none outside functions), its own text (as `ast.unparse` writes it, so that layout does not
matter), the kind of change, and its number among equal ones; a hash of that is the mutant's id. Each target runs a
fixed number of mutants, those with the lowest ids. Whatever the file or the class is called, an unchanged function
yields the same mutants, and an edit replaces only mutants of the edited places. After a move, edit TARGETS and nothing
else; the names of targets and the order of their files stay, because results are compared by target and id.

Tests run in a copy of the project in a temporary folder, in a process that is forked for each mutant from one that has
imported pytest and NumPy. An import hook gives them the changed module; no source file is written. Hypothesis uses one
seed, no database and does not shrink. The run begins with two controls per target: its tests must pass on the
unchanged code, and must fail when one of its files raises an exception on import. A mutant is killed if its tests fail
or crash, or take more than five times as long as on the unchanged code (at least 60 s): then it is counted as killed
by timeout.
"""

import argparse
import ast
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

import cv2  # noqa: F401 - this and NumPy are imported once for all mutants
import numpy as np  # noqa: F401
import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).resolve().parents[1]
FORK = multiprocessing.get_context("fork")


class Target(NamedTuple):
    """Modules, the number of mutants they get, and the tests that judge them."""

    quota: int
    files: Sequence[str]
    tests: Sequence[str]


TARGETS = {
    "change": Target(32, ["app/frames/change.py"], ["tests/frames/test_change.py"]),
    "visibility": Target(26, ["app/frames/visibility.py"], ["tests/frames/test_visibility.py"]),
    "selector": Target(26, ["app/frames/selector.py"], ["tests/frames/test_selector.py"]),
    "news": Target(
        44,
        [f"app/novelty/{name}.py" for name in ("compare", "tracker", "parse", "lexicon")],
        ["tests/novelty"],
    ),
    "doubt": Target(20, ["app/live/caption_quality.py"], ["tests/live/test_caption_quality.py"]),
    "sentences": Target(8, ["app/text.py"], ["tests/test_text.py"]),
    "turns": Target(20, ["app/audio/speech.py"], ["tests/audio/test_speech.py"]),
    "narrator": Target(24, ["app/live/narrator.py"], ["tests/live/test_narrator.py"]),
}
PYTEST = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0", "--hypothesis-profile=mutants"]
SLOWER, LEAST_S = 5, 60.0
"""The time limit: so many times what the unchanged code takes, but at least so many seconds."""
NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    **{ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In},
}
SHIFTED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult},
    **{ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd},
}
settings.register_profile(
    "mutants",
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
UNJUDGED = {"init", "maxsize"}
"""Keywords of dataclass fields and caches, whose values decide nothing."""


class Site(NamedTuple):
    """One possible change: `new` in a field of `holder` (at a place of the list there), seen in the text of `shown`."""

    function: str
    line: int
    kind: str
    holder: ast.AST
    field: str
    place: int | None
    new: object
    shown: ast.AST

    def change(self) -> ast.AST:
        """Change the tree; return what now stands where `shown` stood."""
        if self.place is None:
            setattr(self.holder, self.field, self.new)
        else:
            getattr(self.holder, self.field)[self.place] = self.new
        return self.new if isinstance(self.new, ast.AST) and self.shown is not self.holder else self.shown


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change that was chosen."""

    target: str
    id: str
    file: str
    line: int
    function: str
    kind: str
    before: str
    after: str
    number: int
    """Which of the sites of its file."""


Change = tuple[str, CodeType] | None
"""A file and the code that takes its place."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the tests made of a mutant."""

    result: str
    """survived, killed, or timeout: killed as well."""
    by: str
    """The first test that failed."""
    seconds: float


def sites(node: ast.AST, function: str = "", *, returns_bool: bool = False, is_code: bool = False) -> Iterator[Site]:
    """Every possible change below a node, in source order; `is_code`: in a function."""
    for field, place, child in children(node):
        line = getattr(child, "lineno", 0)
        for edit in edits(node, field, place, child):
            yield Site(function, line, *edit)
        if isinstance(child, ast.Return) and child.value and not isinstance(child.value, ast.Constant):
            kind, result = (
                ("negate result", negated(child.value)) if returns_bool else ("return None", ast.Constant(None))
            )
            yield Site(function, line, kind, child, "value", None, result, child)
        if is_code and isinstance(child, ast.stmt) and (instead := deleted(child)):
            yield Site(function, line, "delete statement", node, field, place, instead, child)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            is_bool = isinstance(child.returns, ast.Name) and child.returns.id == "bool"
            inner = f"{function}.{child.name}" if is_code else function + child.name
            yield from sites(child, inner, returns_bool=is_bool, is_code=True)
        elif isinstance(child, ast.ClassDef):
            yield from sites(child, f"{function}{child.name}.")
        else:
            yield from sites(child, function, returns_bool=returns_bool, is_code=is_code)


def children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    """Nodes right below, but for type annotations, decorators and keywords that decide nothing."""
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns", "decorator_list"):
            for place, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(child, ast.AST) and not (isinstance(child, ast.keyword) and child.arg in UNJUDGED):
                    yield field, place, child


Edit = tuple[str, ast.AST, str, int | None, object, ast.AST]
"""Kind, holder, field, place, new, shown: as in Site."""


def edits(holder: ast.AST, field: str, place: int | None, node: ast.AST) -> Iterator[Edit]:
    """The ways to change one node."""
    match node:
        case ast.Compare():
            for which, op in enumerate(node.ops):
                yield "negate comparison", node, "ops", which, NEGATED[type(op)](), node
                if shifted := SHIFTED.get(type(op)):
                    yield "shift boundary", node, "ops", which, shifted(), node
        case ast.BoolOp():
            yield "swap and/or", node, "op", None, ast.Or() if isinstance(node.op, ast.And) else ast.And(), node
        case ast.UnaryOp(op=ast.Not()):
            yield "remove not", holder, field, place, node.operand, node
        case ast.BinOp() | ast.AugAssign() if type(node.op) in SWAPPED:
            yield "swap operator", node, "op", None, SWAPPED[type(node.op)](), node
        case ast.Constant(value=bool()):
            yield "flip constant", node, "value", None, not node.value, holder
        case ast.Constant(value=int() | float() as value):
            higher, lower = (value + 1, value - 1) if isinstance(value, int) and value < 10 else (value * 2, value / 2)
            yield "number up", node, "value", None, higher or 1.0, holder
            yield "number down", node, "value", None, type(value)(lower) if value else -1, holder
        case ast.If() | ast.IfExp() if not isinstance(node.test, ast.Compare | ast.UnaryOp):
            yield "negate condition", node, "test", None, negated(node.test), node.test


def negated(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), node)


def deleted(node: ast.stmt) -> ast.stmt | None:
    """What takes the place of a statement that can go without a name being undefined; None: it cannot."""
    match node:
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            return ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))  # still a generator
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return ast.Pass()
        case ast.Assign(targets=[ast.Tuple(elts=names)]) if not any(isinstance(each, ast.Name) for each in names):
            return ast.Pass()
    return None


def chosen(name: str, target: Target) -> list[Mutant]:
    """The target's mutants, in the order of files and lines."""
    ranked: list[tuple[str, str, int]] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for file in target.files:
        for number, site in enumerate(sites(parsed(file))):
            place = (site.function.rpartition(".")[2], ast.unparse(site.shown), site.kind)
            seen[place] += 1
            ranked.append((hashlib.sha256(repr((place, seen[place])).encode()).hexdigest()[:16], file, number))
    mutants = [described(name, *each) for each in sorted(ranked)[: target.quota]]
    return sorted(mutants, key=lambda mutant: (target.files.index(mutant.file), mutant.line, mutant.number))


def parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def described(target: str, hashed: str, file: str, number: int) -> Mutant:
    site = list(sites(parsed(file)))[number]
    before = ast.unparse(site.shown)
    after = ast.unparse(site.change())
    return Mutant(target, hashed, file, site.line, site.function, site.kind, before, after, number)


def changed(mutant: Mutant) -> CodeType:
    """The compiled module with the change in it."""
    tree = parsed(mutant.file)
    list(sites(tree))[mutant.number].change()
    return compile(ast.fix_missing_locations(tree), mutant.file, "exec")


class Changed(SourceFileLoader):
    """Import hook that gives one module other code than its file holds."""

    def __init__(self, file: str, code: CodeType) -> None:
        super().__init__(file.removesuffix(".py").replace("/", ".").removesuffix(".__init__"), os.path.abspath(file))
        self.code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        return self.code

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None


class FirstFailure:
    """Pytest plugin that writes the name of the first failed test to a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed and not self.file.exists():
            self.file.write_text(report.nodeid)

    pytest_runtest_logreport = pytest_collectreport = note


def judge(copy: Path, tests: Sequence[str], change: Change, scratch: Path) -> None:
    """Run the tests in the copy of the project; ends this process, which was forked for it, with pytest's status."""
    os.setsid()  # so that what the tests start can be ended with them
    os.chdir(copy)
    scratch.mkdir()
    with (scratch / "output").open("wb") as output:
        for descriptor in (1, 2):
            os.dup2(output.fileno(), descriptor)
    if change:
        sys.meta_path.insert(0, Changed(*change))
    plugin = FirstFailure(scratch / "failed")
    status = pytest.main([*PYTEST, f"--basetemp={scratch / 'tmp'}", *tests], plugins=[plugin])
    sys.stdout.flush()
    os._exit(status)  # threads that a mutant has left behind must not keep it


@dataclass(slots=True)
class Bench:
    """Runs tests on changed code, several at once."""

    folder: Path
    jobs: int
    started: int = 0

    def run(self, target: Target, changes: Sequence[Change], limit_s: float) -> Iterator[tuple[int, Run]]:
        """Yield the place of each change in `changes`, and what came of it, as they end."""
        waiting = list(enumerate(changes))
        running: dict[int, Running] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.jobs:
                    number, change = waiting.pop(0)
                    each = self.start(number, target, change)
                    running[each.process.sentinel] = each
                ended = wait(running, timeout=0.5)
                for sentinel, each in list(running.items()):
                    is_late = time.monotonic() - each.began > limit_s
                    if sentinel in ended or is_late:
                        del running[sentinel]
                        yield each.number, each.end(is_late=is_late and sentinel not in ended)
        finally:
            for each in running.values():
                each.end(is_late=True)

    def start(self, number: int, target: Target, change: Change) -> "Running":
        self.started += 1
        scratch = self.folder / str(self.started)
        process = FORK.Process(target=judge, args=(self.folder / "copy", target.tests, change, scratch))
        process.start()
        return Running(number, process, scratch, time.monotonic())


@dataclass(frozen=True, slots=True)
class Running:
    """A process that runs tests."""

    number: int
    process: BaseProcess
    scratch: Path
    began: float

    def end(self, *, is_late: bool) -> Run:
        """Collect the result; kills the process, if it is late, and what its tests have left behind."""
        seconds = round(time.monotonic() - self.began, 1)
        if is_late:
            self.process.kill()
        self.process.join()
        if self.process.pid:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        failed = self.scratch / "failed"
        by = failed.read_text() if failed.exists() else f"exit status {self.process.exitcode}"
        if self.process.exitcode == 0:
            return Run("survived", "", seconds)
        return Run("timeout", f"after {seconds:.0f} s", seconds) if is_late else Run("killed", by, seconds)


def control(bench: Bench, target: Target) -> float:
    """Check that the tests pass as things are, and notice that a file is broken; return the time limit in seconds."""
    _, clean = next(bench.run(target, [None], 3600.0))
    if clean.result != "survived":
        raise SystemExit(f"error: {clean.by} fails on the unchanged code")
    limit_s = max(LEAST_S, SLOWER * clean.seconds)
    broken = compile("raise RuntimeError('control of scripts.mutants')", "control", "exec")
    for number, run in bench.run(target, [(file, broken) for file in target.files], limit_s):
        if run.result != "killed":
            raise SystemExit(f"error: {' '.join(target.tests)} pass though {target.files[number]} cannot be imported")
    return limit_s


def copy_project(folder: Path) -> None:
    """Copy what git tracks or would track."""
    listed = subprocess.run(["git", "ls-files", "-zco", "--exclude-standard"], cwd=ROOT, stdout=-1, check=True).stdout
    for name in filter(None, os.fsdecode(listed).split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def run(names: Sequence[str], jobs: int, kept: Path | None) -> None:
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        sys.pycache_prefix = os.path.join(folder, "pycache")
        copy_project(Path(folder, "copy"))
        sys.path[:] = [each for each in sys.path if Path(each or ".").resolve() != ROOT]  # the copy is imported
        bench = Bench(Path(folder), jobs)
        for name in names:
            target, mutants = TARGETS[name], chosen(name, TARGETS[name])
            limit_s = control(bench, target)
            print(f"{name}: {len(mutants)} mutants, at most {limit_s:.0f} s each", file=sys.stderr)
            for number, each in bench.run(target, [(mutant.file, changed(mutant)) for mutant in mutants], limit_s):
                results.append(asdict(mutants[number]) | asdict(each))
                print(f"{each.result:8} {each.seconds:6.1f} s  {line(results[-1])}", file=sys.stderr, flush=True)
            if kept:
                kept.write_text(json.dumps({"shares": shares(results), "mutants": results}, indent=1) + "\n")
    print(table(results))


def shares(results: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Mutants and killed ones, of each target and of all."""
    counted = {}
    for name in [*dict.fromkeys(each["target"] for each in results), "all"]:
        found = [each["result"] != "survived" for each in results if name in (each["target"], "all")]
        counted[name] = {"mutants": len(found), "killed": sum(found), "share": round(sum(found) / len(found), 3)}
    return counted


def table(results: Sequence[dict[str, Any]]) -> str:
    rows = [
        f"{name:10} {each['killed']:3.0f} of {each['mutants']:3.0f} killed, {each['share']:4.0%}"
        for name, each in shares(results).items()
    ]
    hung = sum(each["result"] == "timeout" for each in results)
    survivors = [line(each) for each in results if each["result"] == "survived"]
    return "\n".join([*rows, f"{hung} of them by timeout", "", "Survivors:", *survivors])


def line(mutant: Mapping[str, Any]) -> str:
    before, after = (" ".join(mutant[key].split())[:100] for key in ("before", "after"))
    return f"{mutant['file']}:{mutant['line']} {mutant['function']} ({mutant['kind']}): {before} -> {after}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS), metavar="NAME")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="mutants at the same time (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file")
    parser.add_argument("--list", action="store_true", help="print the mutants instead of running them")
    options = parser.parse_args(arguments)
    if options.list:
        for name in options.targets:
            for mutant in chosen(name, TARGETS[name]):
                print(mutant.id, line(asdict(mutant)))
    else:
        run(options.targets, options.jobs, options.json and options.json.resolve())


if __name__ == "__main__":
    main()
