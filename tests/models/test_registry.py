"""Names, folders, and what is said when there is neither."""

import os
from pathlib import Path

import pytest

from app.errors import ModelError, UsageError
from app.models.registry import fetched_folder, fetched_name, known, locate, path_of, registered
from tests.fixtures.loopback_hub import REPOSITORY
from tests.privileges import ordinary_user


def installed(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def test_a_name_is_its_folder_once_it_is_installed(root: Path) -> None:
    folder = installed(root / ".models" / "small")
    assert locate("small", root) == folder


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


def test_a_folder_is_itself(root: Path) -> None:
    folder = installed(root / "mine")
    assert locate(str(folder), root) == folder


HUB_IDS = ("owner/name", "owner/name@main", "owner/name@refs/pr/1", "Qwen/Qwen3-VL-2B-Instruct", "a/b_c.d-e")
NO_HUB_IDS = ("name", "a/b/c", "a/", "/b", "../b", "a/..", "a--b/c", "a/b--c", "a/b..c", "a/b@", "a b/c", "ä/b", "~/b")


@pytest.mark.parametrize("name", HUB_IDS)
def test_a_repository_of_the_hub_is_a_model(name: str, root: Path) -> None:
    card = known(name, root)
    assert (card.name, card.is_pinned, card.licence) == (name, False, "")
    assert "@".join((card.repository, card.revision)) == (name if "@" in name else f"{name}@main")


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


@pytest.mark.parametrize("path", ["./nowhere", "/no/where", "~/nowhere-at-all"])
def test_a_path_that_is_not_there_is_no_folder(path: str, root: Path) -> None:
    with pytest.raises(ModelError, match="no such model: "):
        locate(path, root)


def test_a_tilde_is_the_home_folder_and_a_path_may_lead_nowhere(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(root))
    assert path_of("~/mine") == root / "mine"
    assert path_of("models/registry.toml/below") == Path("models/registry.toml/below")


@pytest.mark.parametrize("text", ["~nobody-of-this-name/x", "./" + "x" * 300, "./a\0b", "a\0b", "x" * 300])
def test_what_can_be_no_path_is_explained(text: str, root: Path) -> None:
    for ask in (path_of, lambda words: locate(words, root)):
        with pytest.raises(ModelError, match=r"no home folder|cannot be a file name|name is too long") as failure:
            ask(text)
        assert failure.value.hint


def test_a_link_that_leads_to_itself_is_explained(root: Path) -> None:
    folder = root / "my models"
    folder.mkdir()
    (folder / "round").symlink_to("round")
    with pytest.raises(ModelError, match="round is a symbolic link that leads back to itself") as failure:
        locate(str(folder / "round"), root)
    assert failure.value.hint


@pytest.mark.parametrize("name", ["small", ".models/small"])
def test_a_folder_that_is_not_ours_to_look_into_is_explained(name: str, root: Path) -> None:
    folder = installed(root / ".models" / "small")
    folder.chmod(0o600)
    try:
        with ordinary_user(), pytest.raises(ModelError, match=r"permission denied for the folder .*small"):
            locate(str(root / name) if "/" in name else name, root)
    finally:
        folder.chmod(0o700)


def test_a_folder_without_config_is_no_model(root: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        locate(str(root / "models"), root)


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
