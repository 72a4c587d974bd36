"""Nothing blind speaks: `check`, and the same check before every start, as a user meets them."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.backends.openai.stand_in import model_that, serving
from tests.fixtures.blinded import DEMO, blind_demo, shuffled, zeroed
from tests.running import Ended, run, run_until

HOME_FILES = shutil.ignore_patterns("training", "*.md")


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The demo model with the same weights but a tower of zeros."""
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(blind_demo, tmp_path_factory.mktemp("blind") / "blind", zeroed).result()


def codes(ended: Ended) -> list[str]:
    return [each["code"] for each in json.loads(ended.out)["findings"] if each["status"] != "ok"]


def assert_explained(ended: Ended, count: int) -> None:
    """Exit code 1, and one `error:` and one `hint:` a finding."""
    assert ended.code == 1
    assert ended.err.count("error: ") == ended.err.count("\nhint: ") == count
    assert "Traceback" not in ended.err


@pytest.mark.long
def test_check_says_that_the_demo_model_fits_and_sees() -> None:
    ended = run("check", "demo")
    assert (ended.code, ended.err) == (0, "")
    assert "it sees" in ended.out
    assert ended.out.splitlines()[-1] == "demo can be used"


@pytest.mark.long
def test_check_says_so_in_json_too() -> None:
    report = json.loads(run("check", "demo", "--json").out)
    assert report["is_ready"]
    assert {each["status"] for each in report["findings"]} == {"ok"}
    assert [each["name"] for each in report["findings"]][-1] == "sight"


@pytest.mark.long
def test_check_calls_a_blind_model_blind(blind: Path) -> None:
    ended = run("check", str(blind))
    assert_explained(ended, 1)
    assert "blind" in ended.err
    assert "--trust-model" in ended.err


def test_check_of_a_truncated_model_says_how_much_is_missing_and_loads_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "half"
    shutil.copytree(DEMO, folder, ignore=HOME_FILES)
    weights = folder / "model.safetensors"
    whole = weights.stat().st_size
    with weights.open("r+b") as file:
        file.truncate(whole // 2)
    ended = run("check", str(folder))
    assert_explained(ended, 1)
    assert f"{whole:,}" in ended.err
    assert "sight" not in ended.out


def test_check_of_a_half_downloaded_model_tells_everything_that_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "half"
    folder.mkdir()
    shutil.copy(DEMO / "config.json", folder)
    ended = run("check", str(folder), "--json")
    assert ended.code == 1
    assert "no-weights" in codes(ended)


def test_check_of_a_name_that_nobody_knows_is_a_usage_error() -> None:
    ended = run("check", "smolvlm2-256")
    assert ended.code == 2
    assert "did you mean smolvlm2-256m" in ended.err


def test_a_blind_model_does_not_start_and_says_why(blind: Path) -> None:
    ended = run("--source", "scenes", "--model", str(blind), "--no-speak")
    assert ended.code == 1
    assert ended.sentences == []
    assert "does not pass the check: blind" in ended.err


@pytest.mark.long
def test_trusted_it_starts_and_the_banner_says_so(blind: Path, tmp_path: Path) -> None:
    words = ("--source", "scenes", "--model", str(blind), "--no-speak", "--trust-model")
    silent = "The model said nothing about this picture."
    ended = run_until(lambda told: any(silent in each["text"] for each in told), tmp_path / "x.jsonl", *words)
    assert ended.code == 130
    assert "--trust-model" in ended.err
    assert silent in ended.err  # it says "." of everything: no sentence


def test_more_frames_than_the_model_can_be_shown_are_refused_before_anything_is_loaded() -> None:
    ended = run("demo", "--frames", "5")
    assert ended.code == 2
    assert "4 frames at once" in ended.err


@pytest.mark.long
def test_describe_is_checked_as_well(blind: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.ppm"
    picture.write_bytes(b"P6 1 1 255\n\xff\0\0")
    ended = run("describe", str(picture), "--model", str(blind))
    assert (ended.code, ended.out) == (1, "")
    assert "blind" in ended.err


@pytest.mark.long
def test_weights_in_another_order_are_blindness_too(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as thread:
        folder = thread.submit(blind_demo, tmp_path / "shuffled", shuffled).result()
    assert "blind" in codes(run("check", str(folder), "--json"))


def test_check_of_a_server_that_drops_the_picture_calls_it_blind() -> None:
    with serving(model_that(lambda _pixels, _question: "A man sits at a desk.", picture_tokens=0)) as root:
        ended = run("check", f"{root}/v1")
    assert_explained(ended, 1)
    assert "A man sits at a desk." in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ("check", ""),
        ("check", "--mmproj", "x.gguf"),
        ("check", "demo", "--mmproj", "x.gguf"),
        ("check", "http://127.0.0.1:9", "--mmproj", "x.gguf"),
        ("check", "demo", "--model", "auto"),
        ("check", "http://[::1"),
        ("check", "http://me:secret@127.0.0.1:9/v1"),
    ],
)
def test_words_that_make_no_sense_together_are_not_passed_over(words: tuple[str, ...]) -> None:
    ended = run(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert "secret" not in ended.err


@pytest.mark.parametrize("target", ["~nobody-of-this-name/x", "a" * 300, "/nowhere/at all", "smolvlm2-500m"])
def test_what_is_not_there_is_one_finding_in_json_too(target: str) -> None:
    ended = run("check", target, "--json")
    report = json.loads(ended.out)
    assert (ended.code, report["checked"], report["is_ready"]) == (1, target, False)
    assert [each["code"] for each in report["findings"]] == ["not-there"]


def test_a_server_that_answers_nonsense_is_not_called_fit_for_use() -> None:
    with serving(lambda _body: (200, {}), {"/v1/models": {"data": 5}}) as root:
        ended = run("check", root)
    assert ended.code == 1
    assert "can be used" not in ended.out


def test_a_config_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "smolvlm", "model_file": "\x1b]0;x\x07\x1b[2Jx.py"})
    )
    shutil.copy(DEMO / "model.safetensors", tmp_path)
    for words in (("check", str(tmp_path)), ("--source", "scenes", "--model", str(tmp_path))):
        ended = run(*words)
        assert ended.code == 1
        assert "\x1b" not in ended.err + ended.out


