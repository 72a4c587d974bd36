"""A missing tool skips a test on a laptop and fails it in CI, whatever the test is."""

import sys
from collections.abc import Iterator

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


def test_what_is_there_runs() -> None:
    set_up(needs.tool("sh"), needs.module("pytest"), needs.file(__file__), needs.platform(sys.platform))
