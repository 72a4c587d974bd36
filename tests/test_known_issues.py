"""KNOWN_ISSUES.md keeps its promises: each entry complete and dated, each reference to one leads somewhere."""

import ast
import re
from pathlib import Path

import pytest

from app.check.vision_test import FAULTS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "KNOWN_ISSUES.md").read_text()
ENTRIES = {part.partition("\n")[0]: part for part in TEXT.split("\n## ")[1:] if not part.startswith("Find yours")}
NAMING = re.compile(r"KNOWN_ISSUES\.md, \"([^\"]+)\"")


def anchor(heading):
    """As GitHub makes it: lower case, blanks to hyphens, marks gone."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def readers():
    """Every file of ours that may send somebody here."""
    folders = [*(ROOT / "app").rglob("*.py"), *(ROOT / "scripts").glob("*.sh")]
    return [*folders, *ROOT.glob("*.toml"), *ROOT.glob("*.sh"), *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("heading", ENTRIES)
def test_every_entry_says_its_state_and_when_that_was_looked_at(heading):
    state = ENTRIES[heading].split("**Status.**")[1]
    assert re.match(r" (avoided|yours|open|over)\b", state)
    assert re.search(r"20\d\d-\d\d-\d\d", state)


@pytest.mark.parametrize("heading", ENTRIES)
def test_every_entry_says_what_to_do(heading):
    assert re.search("what to do|what looksay does", ENTRIES[heading], re.IGNORECASE)


@pytest.mark.parametrize("heading", ENTRIES)
def test_every_entry_is_found_from_the_table(heading):
    assert f"](#{anchor(heading)})" in TEXT.split("\n## ")[1]


def test_every_link_inside_leads_to_a_heading():
    anchors = {anchor(line.lstrip("# ")) for line in TEXT.splitlines() if line.startswith("#")}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


def test_links_outside_go_to_public_issues():
    links = re.findall(r"\]\((https?:[^)]+)\)", TEXT)
    assert links
    assert all(re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+", link) for link in links)


def test_a_link_is_called_by_the_number_it_leads_to():
    for words, number in re.findall(r"\[([^\]]*#\d+)\]\(https[^)]+/(\d+)\)", TEXT):
        assert words.endswith(f"#{number}")


def test_whatever_sends_somebody_here_names_an_entry():
    named = {heading for file in readers() for heading in NAMING.findall(file.read_text())}
    assert {"The tiling trap", "Why torch is not installed"} <= named
    assert named <= ENTRIES.keys()


def codes() -> set[str]:
    """Every code that the app gives a finding, wherever it is written out."""
    found = set(FAULTS.values())
    for file in (ROOT / "app").rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", "")
            given = [*call.args[:1]] if name == "Spoilt" else [*call.args[4:5]] if name == "Finding" else []
            given += [each.value for each in call.keywords if each.arg == "code"]
            found |= {each.value for each in given if isinstance(each, ast.Constant)}
    return found


def test_every_code_of_the_check_is_explained_and_no_other():
    table = ENTRIES["What the check's codes mean"]
    explained = {code for row in table.splitlines() if row.startswith("| `") for code in re.findall("`([^`]+)`", row)}
    assert codes() == explained
