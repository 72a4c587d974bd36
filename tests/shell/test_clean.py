"""clean removes what install.sh and run.sh made and nothing else, asks nothing and never follows a link."""

from pathlib import Path

import pytest

from tests.shell.stage import BREW, Stage, everything_in

MADE = (".venv", ".uv", ".cache", ".hf_cache", ".models")


def test_after_clean_the_folder_is_as_it_was_before_install(stage: Stage) -> None:
    before = everything_in(stage.home)
    stage.install()
    outcome = stage.install("clean")
    assert outcome.code == 0
    assert everything_in(stage.home) == before


def test_a_second_clean_has_nothing_to_do_and_says_so(stage: Stage) -> None:
    stage.install("clean")
    outcome = stage.install("clean")
    assert outcome.code == 0
    assert "freed 0 MB" in outcome.out


def test_files_of_the_user_stay(stage: Stage) -> None:
    names = ("log.jsonl", ".env", ".venv2/x", "app/notes.txt", ".models.toml", "cache/x", ".cach")
    mine = [stage.home / name for name in names]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    stage.install("--no-model")
    stage.install("clean")
    assert [path for path in mine if not path.exists()] == []


@pytest.mark.parametrize("name", MADE)
def test_a_link_in_the_place_of_a_made_folder_goes_and_what_it_leads_to_stays(stage: Stage, name: str) -> None:
    outside = treasure(stage.base / "big disk")
    (stage.home / name).symlink_to(outside)
    outcome = stage.install("clean")
    assert outcome.code == 0
    assert f"{name} is a link" in outcome.out
    assert str(outside) in outcome.out
    assert not (stage.home / name).is_symlink()
    assert_untouched(outside)


def test_bytecode_goes_and_what_else_lies_there_stays(stage: Stage) -> None:
    for room in ("app/live", "tests", "models/demo"):
        folder = stage.home / room / "__pycache__"
        folder.mkdir(parents=True)
        (folder / "mlx.cpython-312.pyc").write_text("")
    mine = stage.home / "tests/__pycache__/mine.txt"
    mine.write_text("mine")
    stage.install("clean")
    assert [str(path.relative_to(stage.home)) for path in stage.home.rglob("__pycache__")] == ["tests/__pycache__"]
    assert list(mine.parent.iterdir()) == [mine]


def test_started_through_a_link_to_the_folder_it_cleans_the_folder(stage: Stage) -> None:
    stage.install("--no-model")
    link = stage.base / "link"
    link.symlink_to(stage.home)
    assert stage.run(link / "install.sh", "clean").code == 0
    assert not (stage.home / ".venv").exists()
    assert link.is_symlink()


def test_uv_from_homebrew_is_left_and_how_to_remove_it_is_said(stage: Stage) -> None:
    stage.without("uv")
    stage.stand_in("brew", BREW)
    stage.install("--no-model")
    outcome = stage.install("clean")
    assert "brew uninstall uv" in outcome.out
    assert not stage.has_called("brew uninstall")


def test_it_cleans_on_a_machine_that_install_refuses(stage: Stage) -> None:
    stage.install("--no-model")
    stage.machine("FreeBSD", "amd64")
    assert stage.install("clean").code == 0
    assert not (stage.home / ".venv").exists()


def test_it_ignores_where_the_user_stands_and_what_cdpath_says(stage: Stage) -> None:
    trap = treasure(stage.base / "elsewhere" / "look say" / ".venv")
    (stage.home / ".venv").mkdir()
    outcome = stage.run(Path("look say/install.sh"), "clean", CDPATH=str(stage.base / "elsewhere"))
    assert outcome.code == 0
    assert not (stage.home / ".venv").exists()
    assert_untouched(trap)


def treasure(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "file").write_text("mine")
    return folder


def assert_untouched(folder: Path) -> None:
    assert everything_in(folder) == {"file": "mine"}
