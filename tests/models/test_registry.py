"""Names, folders, and what is said when there is neither."""

import os
from pathlib import Path

import pytest

from app.errors import ModelError, UsageError
from app.models.registry import fetched_folder, fetched_name, known, locate, registered
from tests.fixtures.loopback_hub import REPOSITORY


def installed(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def test_the_bundled_model_lies_in_the_repository(root: Path) -> None:
    folder = installed(root / "models" / "demo")
    assert locate("demo", root) == folder


def test_a_bundled_model_that_is_gone_is_taken_from_git(root: Path) -> None:
    with pytest.raises(ModelError) as failure:
        locate("demo", root)
    assert failure.value.hint == "git checkout -- models/demo"


def test_a_default_that_is_not_installed_says_install_or_demo(root: Path) -> None:
    with pytest.raises(ModelError) as failure:
        locate("small", root)
    assert failure.value.message == "small is not installed"
    assert failure.value.hint == "./install.sh fetches it; --model demo is here already"


def test_another_model_that_is_not_installed_names_itself_in_the_command(root: Path) -> None:
    with pytest.raises(ModelError) as failure:
        locate("newest", root)
    assert "./install.sh --model newest" in failure.value.hint


def test_an_unfinished_folder_does_not_count_as_installed(root: Path) -> None:
    (root / ".models" / "small").mkdir(parents=True)
    with pytest.raises(ModelError, match="not installed"):
        locate("small", root)


HUB_IDS = ("owner/name", "owner/name@main", "owner/name@refs/pr/1", "Qwen/Qwen3-VL-2B-Instruct", "a/b_c.d-e")
NO_HUB_IDS = ("name", "a/b/c", "a/", "/b", "../b", "a/..", "a--b/c", "a/b--c", "a/b..c", "a/b@", "a b/c", "ä/b", "~/b")


@pytest.mark.parametrize("name", NO_HUB_IDS)
def test_what_the_hub_would_not_allow_is_no_repository(name: str, root: Path) -> None:
    with pytest.raises(UsageError):
        known(name, root)


def test_a_repository_of_the_registry_is_its_model_unless_another_revision_is_asked_for(root: Path) -> None:
    assert known(REPOSITORY, root) == registered(root)["small"]
    assert known(f"{REPOSITORY}@main", root).name == f"{REPOSITORY}@main"


@pytest.mark.parametrize("name", HUB_IDS)
def test_a_fetched_repository_has_one_folder_which_tells_its_name(name: str, root: Path) -> None:
    folder = installed(fetched_folder(name, root))
    assert folder.parent == root / ".models"
    assert locate(name, root) == folder
    assert fetched_name(folder) == name


def test_a_repository_that_is_not_installed_says_how_to_get_it(root: Path) -> None:
    with pytest.raises(ModelError, match="owner/name is not installed") as failure:
        locate("owner/name", root)
    assert "./install.sh --model owner/name" in failure.value.hint


def test_a_folder_here_wins_over_a_repository_of_the_same_name(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(fetched_folder("owner/name", root))
    installed(root / "owner" / "name")
    monkeypatch.chdir(root)
    assert locate("owner/name", root) == Path("owner/name")


def test_a_misspelt_name_is_answered_with_the_one_that_was_meant(root: Path) -> None:
    with pytest.raises(UsageError) as failure:
        locate("smal", root)
    assert failure.value.hint.startswith("did you mean small? ./run.sh models lists them")


def test_an_unknown_name_is_answered_with_where_all_are_listed(root: Path) -> None:
    with pytest.raises(UsageError) as failure:
        known("llava", root)
    assert failure.value.hint.startswith("./run.sh models")


@pytest.mark.parametrize(
    "spoilt",
    [
        *("[small", "small = 3", '[small]\nlicense = "MIT"', "[small]\nbits = 4"),
        *("# K\udcfcche", "a = " + "9" * 5000, "a = " + "[" * 3000 + "]" * 3000),
    ],
)
def test_a_spoilt_registry_says_which_keys_a_table_may_have(spoilt: str, root: Path) -> None:
    (root / "models" / "registry.toml").write_bytes(os.fsencode(spoilt))
    with pytest.raises(ModelError) as failure:
        registered(root)
    assert "sha256" in failure.value.hint
