"""`--backend server` as a user meets it: with mlx-vlm's own server and the demo model, and with servers that fail."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.backends.openai.faults import (
    HALF,
    HEAD,
    SAID,
    Asked,
    Fault,
    Misbehaving,
    event,
    hangs,
    misbehaving,
    response,
    sends,
)
from tests.backends.test_server_startup import inventing, seeing
from tests.fixtures.started import serving as started
from tests.running import DEMO, SLOW_S, Ended, environment, records, run, run_until, sentences, start
from tests.waiting import until

SECRET = "sk-do-not-tell-0123456789"


@pytest.fixture(scope="module")
def mlx_server() -> Iterator[str]:
    """mlx-vlm's own server with the demo model, in a process of its own."""
    with started(sys.executable, "-m", "mlx_vlm.server", "--model", DEMO) as root:
        yield f"{root}/v1"


def narrate(url: str, *more: str) -> tuple[str, ...]:
    return ("--source", "scenes", "--backend", "server", "--url", url, "--no-speak", *more)


def is_told(ended: Ended, *words: str) -> None:
    """In this order, on standard error."""
    at = 0
    for each in words:
        assert each in ended.err[at:], ended.err
        at = ended.err.index(each, at)


@pytest.mark.long
def test_a_real_server_narrates_the_drawn_clip(mlx_server: str, tmp_path: Path) -> None:
    ended = run_until(sentences, tmp_path / "log.jsonl", *narrate(mlx_server))
    assert ended.code == 130
    assert ended.sentences[0] == "An orange circle is at the top."
    is_told(
        ended, "mlx_vlm.server describes", "The demo model recognizes simple drawn", f"Pictures go to {mlx_server[:-3]}"
    )
    told = sentences(records(tmp_path / "log.jsonl"))
    assert all(each["image_tokens"] >= 16 and 0 < each["first_word_s"] <= each["total_s"] for each in told)


@pytest.mark.long
def test_check_says_that_it_sees(mlx_server: str) -> None:
    ended = run("check", mlx_server)
    assert (ended.code, ended.err) == (0, "")
    assert "mlx_vlm.server" in ended.out
    assert "it sees" in ended.out


def test_pictures_questions_and_watches_go_through_it_too(mlx_server: str, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (20, 40, 220)).save(tmp_path / "blue.png")
    how = ("--backend", "server", "--url", mlx_server)
    described = run("describe", str(tmp_path / "blue.png"), *how, "--ask", "What single color fills this picture?")
    assert (described.code, described.sentences) == (0, ["Blue."])
    assert run("ask", "What do you see?", "--source", "scenes", "--no-speak", *how).sentences == [
        "An orange circle is at the top."
    ]
    watching = ("watch", "an orange circle", "--source", "scenes", "--no-speak")
    watched = run_until(sentences, tmp_path / "log.jsonl", *watching, *how)
    assert watched.sentences[0].startswith("An orange circle: since")


@contextmanager
def serving(*faults: Fault) -> Iterator[tuple[Misbehaving, str]]:
    """A server that sees, and fails so often when it is asked to describe."""

    def says(asked: Asked) -> str:
        return SAID if is_narration(asked) else seeing(asked)

    server = Misbehaving(faults, says, is_narration)
    with misbehaving(server) as root:
        yield server, f"{root}/v1"


def is_narration(asked: Asked) -> bool:
    return asked.question.startswith("Describe what")


def test_whatever_it_does_the_narration_outlives_it(tmp_path: Path) -> None:
    faults = (
        sends(response("401 Unauthorized", f"Bearer {SECRET}".encode())),
        sends(HEAD, event(HALF)),
    )
    log = tmp_path / "log.jsonl"
    with serving(*faults) as (server, url):
        process = start(*narrate(url, "--log", str(log)), env=environment(LOOKSAY_API_KEY=SECRET))
        until(lambda: log.exists() and SAID in log.read_text())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SLOW_S)
        shown = {asked.headers.get("Authorization") for asked in server.asked}
    ended = Ended(process.returncode, out, err)
    assert (ended.code, set(ended.sentences)) == (130, {SAID})
    is_told(ended, "401 Bearer (the key)", "broke off before the end", "The model answers again.")
    assert shown == {f"Bearer {SECRET}"}
    assert SECRET not in ended.err + ended.out + log.read_text()
    assert [each["kind"] for each in records(log) if each["event"] == "notice"][-1] == "answering"


def test_a_server_that_hangs_keeps_nobody_from_stopping() -> None:
    with serving(hangs(HEAD, event(HALF))) as (server, url):
        process = start(*narrate(url))
        until(lambda: any(map(is_narration, [*server.asked])))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SLOW_S)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_a_server_that_invents_what_it_sees_does_not_start_unless_it_is_trusted(tmp_path: Path) -> None:
    with misbehaving(Misbehaving([], inventing)) as root:
        ended = run(*narrate(root))
        assert (ended.code, ended.out) == (1, "")
        is_told(ended, "small does not pass the check: blind", "--trust-model")
        trusted = run_until(sentences, tmp_path / "log.jsonl", *narrate(root, "--trust-model"))
    assert trusted.code == 130
    is_told(trusted, "Starting all the same, because of --trust-model")


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "500 Internal Server Error"])
def test_one_that_refuses_at_the_start_ends_it_explained(status: str) -> None:
    fault = sends(response(status, json.dumps({"error": {"message": "no, for a reason"}}).encode()))
    with misbehaving(Misbehaving([fault] * 40, is_meant=lambda _asked: True)) as root:
        ended = run(*narrate(root))
    assert (ended.code, ended.out) == (1, "")
    is_told(ended, f"refuses: {status[:3]} no, for a reason", "hint: ")
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--backend", "server"), "--url"),
        (("--url", "http://127.0.0.1:9/v1"), "add --backend server"),
        (("--backend", "server", "--url", "http://192.0.2.7:8080/v1"), "add --allow-remote"),
        (("--backend", "server", "--url", "http://me:secret@127.0.0.1/"), "name or password"),
        (
            ("--backend", "server", "--url", "http://127.0.0.1:9", "--api-key-file", "/nowhere/at/all"),
            "no such key file",
        ),
    ],
)
def test_words_that_make_no_sense_are_refused_before_anything_is_sent(words: tuple[str, ...], says: str) -> None:
    ended = run("--source", "scenes", "--no-speak", *words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert "secret" not in ended.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--model", "other"), "does not serve other"),
        (("--precision", "4bit"), "leave --precision out"),
        (("--image-tokens", "16"), "leave --image-tokens out"),
    ],
)
def test_what_the_server_cannot_give_is_refused(words: tuple[str, ...], says: str) -> None:
    with misbehaving(Misbehaving([], seeing)) as root:
        ended = run(*narrate(root, *words))
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err


def test_where_nobody_listens_it_is_explained() -> None:
    ended = run(*narrate("http://127.0.0.1:9/v1"))
    assert (ended.code, ended.out) == (1, "")
    is_told(ended, "error: no server answers at http://127.0.0.1:9: Connection refused\n", "hint: start it")
