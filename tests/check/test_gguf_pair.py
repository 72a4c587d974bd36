"""Good pairs pass without a false alarm; each spoilt one gets its code; llama.cpp itself agrees, where it is there."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.check.findings import Finding
from app.check.gguf_pair import Pair, find_pair, judge_pair
from app.models.corrupt_file import CorruptFile
from tests import needs
from tests.check.libraries import compile_library
from tests.fixtures.gguf_files import PAIRS, SMOLVLM, make_pair, make_sharded, shard
from tests.fixtures.gguf_spoilt import SPOILT
from tests.sweeps import spread

LOADER = Path(__file__).with_name("load_for_real.py")
SILENT = {"no-mmproj", "image-tokens", "no-chat-template"}
"""What llama.cpp loads without a word."""


@pytest.fixture(autouse=True)
def without_llama_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A real one on PATH would be asked instead of the stand-in."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")


def of_the_files(findings: list[Finding]) -> list[Finding]:
    """Without what llama.cpp says, which depends on the machine."""
    return [each for each in findings if each.name != "llama.cpp"]


@pytest.mark.parametrize("name", PAIRS)
def test_a_good_pair_is_found_good(tmp_path: Path, name: str) -> None:
    findings = of_the_files(judge_pair(*make_pair(name, tmp_path)))
    assert [(each.name, each.status) for each in findings] == [("model", "ok"), ("mmproj", "ok"), ("pair", "ok")]


def test_both_widths_are_told(tmp_path: Path) -> None:
    sentences = [each.sentence for each in judge_pair(*make_pair("smolvlm", tmp_path))]
    assert "idefics3 projector of width 64 onto llama of width 64" in sentences


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_pair_gets_its_code_and_no_other(tmp_path: Path, name: str) -> None:
    spoiling = SPOILT[name]
    findings = of_the_files(judge_pair(*spoiling.spoil(*make_pair(spoiling.of, tmp_path))))
    wrong = [each for each in findings if each.status != "ok"]
    assert [each.code for each in wrong] == [spoiling.code]
    assert all(each.sentence and each.hint and not each.sentence.endswith(".") for each in wrong)
    assert wrong[0].status == ("note" if spoiling.code == "no-chat-template" else "bad")


def test_both_files_may_be_spoilt_at_once(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    text.write_bytes(b"")
    mmproj.write_bytes(b"<html>")
    assert sorted(each.code for each in judge_pair(text, mmproj)) == ["empty", "html-page"]


def test_a_projector_that_is_new_here_is_neither_fit_nor_unfit(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    PAIRS["smolvlm"][1].having({"clip.projector_type": "of-tomorrow"}).write(mmproj)
    assert [each.code for each in of_the_files(judge_pair(text, mmproj)) if each.status != "ok"] == ["width-unknown"]


def test_what_a_file_says_of_itself_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    PAIRS["smolvlm"][1].having({"clip.projector_type": "\x1b]0;owned\x07" + "x" * 900}).write(mmproj)
    PAIRS["smolvlm"][0].having({"general.architecture": "\x1b[2Jllama"}).write(text)
    assert all(each.sentence.isprintable() and len(each.sentence) < 400 for each in judge_pair(text, mmproj))


@needs.tool("cc")
@pytest.mark.parametrize(
    ("of", "mood", "status", "code"),
    [
        ("smolvlm", "", "ok", ""),
        ("qwen3-vl", "", "bad", "projector"),
        ("smolvlm", "crashes", "note", "projector-unasked"),
        ("qwen3-vl", "knows everything", "note", "projector-unasked"),
    ],
)
def test_the_installed_llama_cpp_is_asked_for_the_projector(
    tmp_path: Path, of: str, mood: str, status: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = compile_library(tmp_path / "bin" / "libmtmd.so").with_name("llama-server")
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    monkeypatch.setenv("STAND_IN", mood)
    (said,) = (each for each in judge_pair(*make_pair(of, tmp_path)) if each.name == "llama.cpp")
    assert (said.status, said.code) == (status, code)


def test_a_llama_server_that_has_no_library_is_not_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.check.projector_probe.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (said,) = (each for each in judge_pair(*make_pair("smolvlm", tmp_path)) if each.name == "llama.cpp")
    assert said.code == "no-llama-cpp"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "llama-server").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "llama-server").chmod(0o755)
    (said,) = (each for each in judge_pair(*make_pair("smolvlm", tmp_path)) if each.name == "llama.cpp")
    assert (said.status, said.code) == ("note", "projector-unasked")
    assert "not installed" not in said.sentence


def load(text: Path, mmproj: Path | None) -> str:
    """What llama.cpp does with a pair: `loads`, or `refuses`."""
    command = [sys.executable, str(LOADER), str(text), *([str(mmproj)] if mmproj else [])]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()[-1]


@needs.module("xllamacpp")
@pytest.mark.parametrize("name", [name for name in PAIRS if name != "gemma-4"])
def test_llama_cpp_loads_the_good_pairs(tmp_path: Path, name: str) -> None:
    assert load(*make_pair(name, tmp_path)) == "loads"


@needs.module("xllamacpp")
@pytest.mark.parametrize("name", spread(SPOILT, 6))
def test_llama_cpp_refuses_what_the_check_refuses_or_loads_it_in_silence(tmp_path: Path, name: str) -> None:
    spoiling = SPOILT[name]
    files = spoiling.spoil(*make_pair(spoiling.of, tmp_path))
    assert load(*files) == ("loads" if spoiling.code in SILENT else "refuses")


def refusal(path: Path) -> CorruptFile:
    with pytest.raises(CorruptFile) as caught:
        find_pair(path)
    assert caught.value.hint
    return caught.value


def test_the_mmproj_beside_the_model_is_taken(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    assert find_pair(text) == Pair(text, mmproj)


def test_a_folder_with_one_pair_is_enough(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    (tmp_path / "README.md").touch()
    assert find_pair(tmp_path) == Pair(text, mmproj)


def test_what_macos_keeps_beside_each_file_is_no_model(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    for each in (text, mmproj):
        each.with_name(f"._{each.name}").write_bytes(b"\0\5\x16\7")
    assert find_pair(tmp_path) == find_pair(text) == Pair(text, mmproj)


def test_an_mmproj_from_elsewhere_wins(tmp_path: Path) -> None:
    text, _ = make_pair("smolvlm", tmp_path)
    elsewhere = tmp_path / "other" / "mmproj.gguf"
    assert find_pair(text, elsewhere).mmproj == elsewhere


def test_a_model_may_be_alone(tmp_path: Path) -> None:
    text = SMOLVLM[0].write(tmp_path / "m.gguf")
    assert find_pair(tmp_path) == Pair(text, None)


def test_any_shard_stands_for_the_whole_model(tmp_path: Path) -> None:
    first, mmproj = make_sharded(tmp_path)
    assert find_pair(shard(first, 3)) == Pair(first, mmproj)
    assert find_pair(tmp_path) == Pair(first, mmproj)


def test_a_number_that_cannot_be_is_part_of_a_name(tmp_path: Path) -> None:
    text = SMOLVLM[0].write(tmp_path / "m-00001-of-00000.gguf")
    assert find_pair(text).text == text


def test_several_models_are_named(tmp_path: Path) -> None:
    make_pair("smolvlm", tmp_path)
    make_pair("lfm2-vl", tmp_path)
    assert refusal(tmp_path).code == "several-models"
    assert "lfm2-vl-Q8_0.gguf, smolvlm-Q8_0.gguf" in refusal(tmp_path).sentence


def test_several_mmprojs_are_named(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    mmproj.with_name("mmproj-smolvlm-Q8_0.gguf").touch()
    assert refusal(text).code == "several-mmprojs"
    assert "mmproj-smolvlm-Q8_0.gguf, mmproj-smolvlm-f16.gguf" in refusal(text).sentence


def test_what_is_missing_is_said_to_be(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone").code == "missing"
    assert refusal(tmp_path).code == "no-gguf"
