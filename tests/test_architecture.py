"""The shape of the app: rooms do not know one another, heavy imports wait, files and functions stay small."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from app.wiring.engines import ENGINES

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"
ROOMS = (
    "cameras",
    "vision",
    "outputs",
    "inputs",
    "check",
    "store",
    "bench",
    "history",
    "score",
    "news",
    "serve",
    "crowd",
    "describe",
)
FILES = sorted(APP.rglob("*.py"))
HEAVY = ("mlx", "mlx_vlm", "cv2", "PIL", "rich", "transformers", "huggingface_hub", "numpy")


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def imports(file: Path) -> frozenset[str]:
    """The modules that a file names in its import statements, at any depth."""
    found: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def functions(file: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree(file)) if isinstance(node, ast.FunctionDef)]


def lines(function: ast.FunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_another_or_the_wiring(room: str) -> None:
    others = {f"app.{other}" for other in ROOMS if other != room} | {"app.wiring", "app.cli", "app.live"}
    for file in (APP / room).rglob("*.py"):
        assert not [name for name in imports(file) if any(f"{name}.".startswith(f"{other}.") for other in others)], file


@pytest.mark.parametrize(
    "name",
    [
        *(
            "narrator",
            "telling",
            "tally",
            "attention",
            "gate",
            "view",
            "coarse",
            "blur",
            "freeze",
            "pace",
            "sentences",
        ),
        *("doubt", "desk", "orders", "verbosity", "lookout", "watching", "live", "flow", "settings", "errors"),
        *("infer", "pulse", "shown", "wishes", "steer", "eye", "regions", "outage", "recent", "turns", "moments"),
    ],
)
def test_the_loop_and_its_judgements_name_no_room(name: str) -> None:
    """But for the news, which is a judgement of several files."""
    rooms = tuple(f"app.{room}" for room in ROOMS if room != "news")
    assert not [each for each in imports(APP / f"{name}.py") if each.startswith(rooms)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(APP)))
def test_files_stay_within_250_lines_and_functions_within_40(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 250
    assert not [(each.name, lines(each)) for each in functions(file) if lines(each) > 40]


def test_half_of_all_functions_have_at_most_seven_lines() -> None:
    sizes = sorted(lines(function) for file in FILES for function in functions(file))
    assert sizes[len(sizes) // 2] <= 7


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(APP)))
def test_every_file_says_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(tree(file))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(APP)))
def test_every_file_is_used(file: Path) -> None:
    """By another file of the app, by name in a table, or as a command of its own."""
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    is_run = file.name in ("__main__.py", "__init__.py") or '__name__ == "__main__"' in file.read_text()
    used = any(name == module or name.startswith(module + ".") for other in FILES for name in imports(other))
    is_named = module in ENGINES.values() or module == "app.vision.scripted"  # which ships for tests and measurements
    assert is_run or used or is_named


def test_help_loads_nothing_heavy() -> None:
    probe = "import sys, app.cli\ntry: app.cli.main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(loaded.stdout.splitlines()[-1].split()) & set(HEAVY)


def test_nothing_names_a_registry_or_a_path_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    for name in listed.stdout.splitlines():
        file = ROOT / name
        if file.suffix in (".py", ".sh", ".toml", ".lock", ".md", ".yml", ".jinja") and file != Path(__file__):
            text = file.read_text()
            assert not re.findall(r"files\.pythonhosted|pypi\.org/simple", text), name
    assert "uv.lock" not in listed.stdout.splitlines()
