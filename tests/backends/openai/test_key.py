"""The key: where it may come from, and that it goes nowhere but into its header."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.backends.openai.client import line_to
from app.backends.openai.describer import ServerDescriber
from app.backends.openai.key import ApiKey, api_key
from app.backends.openai.payload import Form
from app.errors import ModelError, Outage, UsageError
from app.events import Request
from tests.backends.openai.faults import SAID, Asked, Misbehaving, misbehaving, response, sends
from tests.running import ROOT

SECRET = "sk-do-not-tell-0123456789"


def kept(folder: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    file = folder / "key"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_it_is_shown_as_a_bearer_and_in_no_text_form(tmp_path: Path) -> None:
    key = api_key(kept(tmp_path, f"  {SECRET}\n"))
    assert key.header == {"Authorization": f"Bearer {SECRET}"}
    assert SECRET not in f"{key} {key!r}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_can_read_is_refused_with_what_to_type(tmp_path: Path, mode: int) -> None:
    with pytest.raises(UsageError, match="others may read") as failure:
        api_key(kept(tmp_path, mode=mode))
    assert failure.value.hint.startswith("chmod 600 ")
    assert SECRET not in str(failure.value)


@pytest.mark.parametrize("text", ["", " ", "two words", "a\r\nX-Other: b", "a\x00", "k\u00e9y", "x" * 3000])
def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as failure:
        api_key(kept(tmp_path, text))
    assert not text.strip() or text.strip() not in str(failure.value)


def test_a_file_that_is_not_there_a_folder_and_a_pipe_are_explained(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe", 0o600)
    for each in (tmp_path / "none", tmp_path, pipe):
        with pytest.raises(UsageError):
            api_key(each)


def test_from_the_environment_it_is_remembered_and_what_is_started_from_here_does_not_see_it() -> None:
    """In a process of its own: it is taken out of the environment once and for all."""
    asked = (
        "import os; from app.backends.openai.key import api_key; "
        "print(api_key(None).secret == api_key(None).secret != '', 'LOOKSAY_API_KEY' in os.environ)"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "LOOKSAY_API_KEY": SECRET},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["True", "False"]


def test_a_server_that_wants_it_gets_it_and_nobody_is_told_when_it_is_refused() -> None:
    def refuse(asked: Asked) -> None:
        shown = asked.headers["Authorization"]
        asked.send(response("401 Unauthorized", f'{{"error": {{"message": "Incorrect key: {shown}"}}}}'.encode()))

    away = sends(response("302 Found", b"", f"Location: https://elsewhere.example/?key={SECRET}"))
    failed = sends(response("500 Internal Server Error", f"headers: Bearer {SECRET}".encode()))
    with misbehaving(Misbehaving([refuse, away, failed], is_meant=lambda asked: not asked.pictures)) as root:
        eyes = ServerDescriber(line_to(root, SECRET), Form("small"))
        for kind in (ModelError, ModelError, Outage):
            with pytest.raises(kind) as failure:
                list(eyes.describe(Request((), "What?")))
            assert SECRET not in str(failure.value)
        assert SAID in "".join(piece.text for piece in eyes.describe(Request((), "What?")))
    assert SECRET not in repr(eyes.banner)


def test_without_a_key_no_header_is_sent() -> None:
    server = Misbehaving([])
    with misbehaving(server) as root:
        list(ServerDescriber(line_to(root), Form("small")).describe(Request((), "What?")))
    assert "Authorization" not in server.asked[0].headers
    assert ApiKey().hidden_in("text") == "text"
