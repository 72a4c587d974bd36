"""A missing tool skips a test on a laptop and fails it in CI, whatever the test is."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs


class Marked:
    """As much of a test as the hook looks at."""

    def __init__(self, *marks: pytest.MarkDecorator) -> None:
        self.marks = marks

    def iter_markers(self, name: str) -> Iterator[pytest.Mark]:
        return (each.mark for each in self.marks if each.mark.name == name)


MISSING = [needs.tool("no-such-command"), needs.module("no_such_module.inner"), needs.file("/no/such/file")]
ALLOWED = [needs.module("no_such_module", even_in_ci=True), needs.platform("amiga")]


def set_up(*marks: pytest.MarkDecorator) -> None:
    needs.pytest_runtest_setup(Marked(*marks))  # type: ignore[arg-type]


@pytest.mark.parametrize("mark", [*MISSING, *ALLOWED])
def test_on_a_laptop_what_is_missing_is_a_skip(mark: pytest.MarkDecorator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs"):
        set_up(mark)


@pytest.mark.parametrize("mark", MISSING[1:] if sys.platform != "linux" else MISSING)
def test_in_ci_what_is_missing_is_a_failure(mark: pytest.MarkDecorator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="in CI that is a failure"):
        set_up(mark)


@pytest.mark.parametrize("mark", ALLOWED)
def test_in_ci_what_it_cannot_have_is_a_skip(mark: pytest.MarkDecorator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.skip.Exception):
        set_up(mark)


def test_an_engine_that_ci_has_installed_may_not_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("LOOKSAY_ENGINES", " torch no_such_module")
    with pytest.raises(pytest.fail.Exception, match="in CI that is a failure"):
        set_up(needs.module("no_such_module", even_in_ci=True))
    with pytest.raises(pytest.skip.Exception):
        set_up(needs.module("no_other_module", even_in_ci=True))


def test_llama_is_met_by_the_module_and_by_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(needs, "LLAMA_MODULE", "json")
    set_up(needs.llama())
    monkeypatch.setattr(needs, "LLAMA_MODULE", "no_such_module")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"needs llama\.cpp"):
        set_up(needs.llama())
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="in CI that is a failure"):
        set_up(needs.llama())
    (tmp_path / "llama-server").touch(0o755)
    set_up(needs.llama())


def test_what_is_there_runs() -> None:
    set_up(needs.tool("sh"), needs.module("pytest"), needs.file(__file__), needs.platform(sys.platform))


def test_the_browser_is_the_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "my browser"
    monkeypatch.setenv("LOOKSAY_CHROMIUM", str(named))
    assert needs.found_chromium() is None  # no other is taken for it
    named.write_text("#!/bin/sh\n")
    named.chmod(0o755)
    assert needs.found_chromium() == str(named)


def test_the_best_browser_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOKSAY_CHROMIUM", raising=False)
    monkeypatch.setattr(needs, "CHROMIUMS", {sys.platform: ("browser-a", "browser-b")})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert needs.found_chromium() is None
    for name in ("browser-b", "browser-a"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert needs.found_chromium() == str(tmp_path / name)
