"""Imports that mypy does not check: those of the developers' tools in scripts/ and of the demo model's makers."""

import ast
from importlib import import_module
from importlib.util import find_spec

import pytest

from tests.running import ROOT

OURS = ("app", "models", "scripts", "tests")


def tools() -> list[str]:
    return sorted(str(file.relative_to(ROOT)) for top in ("models", "scripts") for file in (ROOT / top).rglob("*.py"))


@pytest.mark.parametrize("name", tools())
def test_every_name_that_a_tool_imports_from_this_project_exists(name: str) -> None:
    for node in ast.walk(ast.parse((ROOT / name).read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            missing = [each.name for each in node.names if not _exists(node.module or "", each.name)]
            assert not missing, f"{name} imports {missing} from {node.module}"


def _exists(module: str, name: str) -> bool:
    if _is_package(module) and find_spec(f"{module}.{name}"):
        return True
    try:
        return hasattr(import_module(module), name)
    except ModuleNotFoundError as missing:  # torch is an extra; what is ours must be there
        return (missing.name or "").split(".")[0] not in OURS and find_spec(module) is not None


def _is_package(module: str) -> bool:
    spec = find_spec(module)
    assert spec, f"there is no module {module}"
    return spec.submodule_search_locations is not None
