"""The installed llama.cpp is found, asked in a child process, and believed only where its answer makes sense."""

import os
from pathlib import Path

import pytest

from app.check.projector_probe import CannotSay, installed, knows
from tests import needs
from tests.check.libraries import compile_library

needs_compiler = needs.tool("cc")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_library(tmp_path_factory.mktemp("lib") / "libmtmd.so")


@needs_compiler
def test_known_and_unknown_projectors_are_told_apart(library: Path) -> None:
    assert knows(library, "idefics3")
    assert knows(library, "lfm2")
    assert not knows(library, "fastvlm")
    assert not knows(library, "")


@needs_compiler
@pytest.mark.parametrize("words", [3, 11, 50])
def test_parameters_of_any_length_pass_through_as_they_were(tmp_path: Path, words: int) -> None:
    """Their layout changes from version to version; the stand-in aborts where a number of theirs has changed."""
    library = compile_library(tmp_path / "libmtmd.so", words=words)
    assert (knows(library, "idefics3"), knows(library, "fastvlm")) == (True, False)


@needs_compiler
@pytest.mark.parametrize(
    ("mood", "why"),
    [
        ("crashes", "ended with status -6$"),
        ("loads everything", "loads a file that holds nothing"),
        ("says nothing", "any projector"),
        ("knows everything", "any projector"),
    ],
)
def test_an_answer_that_makes_no_sense_is_none(
    library: Path, mood: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", mood)
    with pytest.raises(CannotSay, match=why):
        knows(library, "idefics3")


@needs_compiler
def test_a_library_that_hangs_is_given_up(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "hangs")
    with pytest.raises(CannotSay, match="did not answer"):
        knows(library, "idefics3", timeout_s=0.5)


@needs_compiler
def test_a_library_that_lacks_a_function_cannot_say(tmp_path: Path) -> None:
    with pytest.raises(CannotSay, match="mtmd_init_from_file"):
        knows(compile_library(tmp_path / "libmtmd.so", "-DWITHOUT_INIT"), "idefics3")


def test_what_is_no_library_cannot_say(tmp_path: Path) -> None:
    (tmp_path / "libmtmd.so").write_text("not a library")
    with pytest.raises(CannotSay):
        knows(tmp_path / "libmtmd.so", "idefics3")


def command(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def alone(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """With nothing else on PATH, and without the package."""
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("app.check.projector_probe.find_spec", lambda _name: None)


@pytest.mark.parametrize("place", ["lib/libmtmd.dylib", "lib/libmtmd.so", "bin/libmtmd.dylib"])
def test_it_is_found_from_llama_server_through_homebrews_link(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cellar = tmp_path / "Cellar" / "llama.cpp" / "9000"
    server = command(cellar / "bin" / "llama-server")
    (cellar / place).parent.mkdir(exist_ok=True)
    (cellar / place).touch()
    (tmp_path / "bin").mkdir()
    os.symlink(server, tmp_path / "bin" / "llama-server")
    alone(monkeypatch, tmp_path / "bin")
    assert installed() == cellar.resolve() / place


def test_it_is_found_in_the_python_package_which_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "xllamacpp"
    package.mkdir()
    (package / "xllamacpp.abi3.so").touch()
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    assert installed() == package / "xllamacpp.abi3.so"


def test_a_llama_server_without_a_library_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is the package's asked then, for it is llama-server that will run the pair."""
    command(tmp_path / "bin" / "llama-server")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert installed() is None


@needs.module("xllamacpp")
@pytest.mark.parametrize("projector", ["idefics3", "lfm2", "qwen3vl_merger", "gemma3", "mlp"])
def test_the_real_one_knows_what_it_is_said_to_know(
    projector: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    library = installed()
    assert library
    assert knows(library, projector)
    assert not knows(library, f"{projector}-of-tomorrow")
