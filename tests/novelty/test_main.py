"""`python -m app.novelty`, alone and with --stream."""

import io
import json
import subprocess
import sys

import pytest

from app.live.controls import VERBOSITIES
from app.novelty.__main__ import SENTENCES, main
from tests.running import ROOT, SLOW_S, environment


def ask(lines: str, *argv: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code, and what was written to stdout."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    code = main(argv)
    return code, capsys.readouterr().out


def stream(*outputs: str, **fixtures) -> list[tuple[list[str], str]]:
    lines = "".join(json.dumps({"at": 2.0 * number, "text": text}) + "\n" for number, text in enumerate(outputs))
    code, out = ask(lines, "--stream", **fixtures)
    assert code == 0
    found = [json.loads(line) for line in out.splitlines()]
    assert all(set(each) == {"told", "withheld"} for each in found)
    return [(each["told"], each["withheld"]) for each in found]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("A man sits at a desk.", "There is a man sitting at a desk.", False),
        ("A man sits at a desk.", "A man stands at a desk.", True),
        ("A red circle is in the top left.", "A blue square is in the top left.", True),
        ("A red circle.", "<think>The same?</think>**A red circle.**", False),
        ("A man sits. A dog lies there.", "A dog lies there. A man sits.", False),
        ("A man sits.", "A man sits. A dog lies there.", True),
        ("A man sits.", "", False),
    ],
)
def test_a_pair_is_given_back_with_its_verdict(first, second, told, monkeypatch, capsys) -> None:
    line = json.dumps({"first": first, "second": second, "id": 7})
    code, out = ask(f"\n{line}\n", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, json.loads(out)) == (0, {"first": first, "second": second, "id": 7, "told": told})


def test_a_stream_is_cleaned_split_and_judged(monkeypatch, capsys) -> None:
    told = stream(
        "Here's a description of the image:\n\n**A man** sits at a desk. A dog lies there. A lamp is on.",
        "A man is sitting at a desk.",
        "<think>Is he standing?</think>A man stands at a desk.<|im_end|>",
        monkeypatch=monkeypatch,
        capsys=capsys,
    )
    assert told == [
        (["A man sits at a desk.", "A dog lies there."], ""),
        ([], "nothing new"),
        (["A man stands at a desk."], ""),
    ]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "The model said nothing about this picture."),
        ("<s><s>", "The model said nothing about this picture."),
        ("<think>Is it a square?", "returned no text"),
        ("a cat " * 40, "repeated itself"),
        ("\ufffd\ufffd cat", "no sense"),
    ],
)
def test_what_cannot_be_trusted_is_withheld_with_its_reason(raw, reason, monkeypatch, capsys) -> None:
    ((told, withheld),) = stream(raw, monkeypatch=monkeypatch, capsys=capsys)
    assert told == []
    assert reason in withheld


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ((), "no JSON"),
        ((), '{"first": "A cat."}'),
        ((), '{"first": 1, "second": "A cat."}'),
        ((), "[1]"),
        (("--stream",), '{"text": "A cat."}'),
        (("--stream",), '{"at": "now", "text": "A cat."}'),
    ],
)
def test_a_line_that_cannot_be_read_is_named_after_the_answers_before_it(argv, line, monkeypatch, capsys) -> None:
    good = {"first": "A cat.", "second": "A dog."} | {"at": 1, "text": "A cat."}
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{json.dumps(good)}\n{line}\n"))
    assert main(argv) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err.startswith("error: line 2 cannot be read\nhint: write one JSON object a line: {")


def test_as_many_sentences_are_said_as_by_default_of_a_still_scene() -> None:
    assert VERBOSITIES["brief"].sentences(is_still=True) == SENTENCES


def test_it_runs_as_a_program_that_loads_no_model() -> None:
    child = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "app.novelty", "--stream"],
        input='{"at": 0, "text": "A cat."}\n',
        capture_output=True,
        text=True,
        timeout=SLOW_S,
        env=environment(),
        cwd=ROOT,
    )
    assert (child.returncode, child.stdout) == (0, '{"told": ["A cat."], "withheld": ""}\n')
    loaded = {line.rpartition("|")[2].strip() for line in child.stderr.splitlines()}
    assert "app.novelty.tracker" in loaded
    assert not loaded & {"mlx", "mlx.core", "mlx_vlm", "transformers", "cv2", "torch"}
