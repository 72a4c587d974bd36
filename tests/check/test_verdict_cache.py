"""What was found before is not asked again, until something that it hangs on has changed."""

import json
from pathlib import Path

import pytest

from app.check import verdict_cache
from app.check.findings import Finding
from app.check.verdict_cache import JUDGES, KEPT, Memory, key
from tests.running import ROOT

GOOD = Finding("files", "ok", "all there")
BAD = Finding("fit", "bad", "no eyes", "take another", "no-eyes")


def never() -> list[Finding]:
    raise AssertionError("asked again")


def test_a_verdict_is_remembered_whole(tmp_path: Path) -> None:
    kept = Memory(tmp_path / "cache" / "checks.json")
    assert kept.findings("k", lambda: [GOOD, BAD]) == [GOOD, BAD]
    assert Memory(kept.path).findings("k", never) == [GOOD, BAD]
    assert kept.findings("other", lambda: [GOOD]) == [GOOD]


def test_asked_afresh_it_keeps_the_newer_answer(tmp_path: Path) -> None:
    kept = Memory(tmp_path / "checks.json")
    kept.findings("k", lambda: [GOOD])
    kept.keep("k", [BAD])
    assert kept.findings("k", never) == [BAD]


def test_what_another_process_kept_meanwhile_is_not_lost(tmp_path: Path) -> None:
    kept = Memory(tmp_path / "checks.json")

    def ask_while_another_keeps() -> list[Finding]:
        Memory(kept.path).keep("other", [BAD])
        return [GOOD]

    kept.findings("k", ask_while_another_keeps)
    assert kept.findings("other", never) == [BAD]


def test_what_is_kept_again_is_not_the_oldest_any_more(tmp_path: Path) -> None:
    kept = Memory(tmp_path / "checks.json")
    for number in range(KEPT):
        kept.keep(str(number), [GOOD])
    kept.keep("0", [GOOD])
    kept.keep("one more", [GOOD])
    assert kept.findings("0", never) == [GOOD]


def test_what_stayed_unknown_is_asked_again(tmp_path: Path) -> None:
    kept = Memory(tmp_path / "checks.json")
    assert kept.findings("k", lambda: [Finding("fit", "unknown", "?", code="unknown")])
    assert kept.findings("k", lambda: [GOOD]) == [GOOD]


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"k": [{"foreign": 1}]}', '{"k": 3}'])
def test_a_spoilt_memory_only_means_asking(tmp_path: Path, spoilt: str) -> None:
    path = tmp_path / "checks.json"
    path.write_text(spoilt)
    assert Memory(path).findings("k", lambda: [GOOD]) == [GOOD]
    assert Memory(path).findings("k", never) == [GOOD]


def test_it_does_not_grow_without_end(tmp_path: Path) -> None:
    kept = Memory(tmp_path / "checks.json")
    for number in range(KEPT + 5):
        kept.findings(str(number), lambda: [GOOD])
    assert len(json.loads(kept.path.read_text())) == KEPT
    assert kept.findings(str(KEPT + 4), never) == [GOOD]


def test_the_key_changes_with_whatever_a_verdict_hangs_on(monkeypatch: pytest.MonkeyPatch) -> None:
    same = key({"a": "1", "b": "2"}, 64)
    assert key({"b": "2", "a": "1"}, 64) == same
    others = {key({"a": "1", "b": "3"}, 64), key({"a": "1"}, 64), key({"a": "1", "b": "2"}, 36)}
    monkeypatch.setattr(verdict_cache, "versions", lambda: ["mlx-vlm 9.9"])
    others.add(key({"a": "1", "b": "2"}, 64))
    monkeypatch.undo()
    monkeypatch.setattr(verdict_cache, "own_code", lambda: "other")
    others.add(key({"a": "1", "b": "2"}, 64))
    assert len(others - {same}) == 5


@pytest.mark.parametrize("name", JUDGES)
def test_the_code_that_judges_is_where_the_verdicts_key_looks_for_it(name: str) -> None:
    """A name that is not found would add nothing to the key, and stale verdicts would be believed."""
    place = ROOT / "app" / name
    assert place.is_file() or any(place.rglob("*.py"))
