"""The files that a browser is given: small, each used, with nothing from outside and no way from text to markup."""

import re
from pathlib import Path

import pytest

from app.web.routes import STATIC

pytestmark = pytest.mark.long
FILES = sorted(STATIC.iterdir())
MODULES = [file for file in FILES if file.suffix == ".js"]
MARKUP = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "new Function",
    "srcdoc",
    "DOMParser",
)
NAMESPACE = "http://www.w3.org/2000/svg"


def name_of(file: Path) -> str:
    return file.name


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_nothing_is_fetched_from_outside(file: Path) -> None:
    found = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`]*", file.read_text().replace(NAMESPACE, ""))
    assert found == []


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_no_module_makes_markup_of_text(file: Path) -> None:
    text = file.read_text()
    assert [word for word in MARKUP if word in text] == []


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_every_module_is_small_and_says_what_it_is_for(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= 250
    assert text.startswith("/**")


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_file_is_used(file: Path) -> None:
    others = [each.read_text() for each in FILES if each != file]
    assert file.name == "index.html" or any(f"/{file.name}" in text for text in others)


def test_the_page_has_neither_scripts_nor_styles_of_its_own() -> None:
    text = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)
