"""The key: from a file that nobody else can read, from the environment, or made anew. Never from the command line."""

import os
from pathlib import Path

import pytest

from app.api_server.app import start_lines
from app.api_server.guard import VARIABLE, key
from app.errors import UsageError

GIVEN = "a-key-of-my-own-choice"


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_without_any_a_new_one_is_made_and_shown() -> None:
    one, other = key(None), key(None)
    assert one.secret != other.secret
    assert len(one.secret) >= 32
    assert one.secret in "\n".join(start_lines("demo", 8410, one))
    assert one.secret not in repr(one)


def test_a_file_that_is_not_there_is_made_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "my key"
    made = key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert key(file).secret == made.secret == file.read_text().strip()
    lines = "\n".join(start_lines("demo", 8410, made))
    assert made.secret not in lines
    assert f"cat '{file}'" in lines


def test_the_environments_is_taken_and_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, GIVEN)
    found = key(None)
    assert found.secret == GIVEN
    assert VARIABLE not in os.environ
    assert GIVEN not in "\n".join(start_lines("demo", 8410, found))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text(GIVEN)
    file.chmod(mode)
    with pytest.raises(UsageError, match="others may read") as refused:
        key(file)
    assert refused.value.hint.startswith("chmod 600 ")


@pytest.mark.parametrize(
    "content", ["", "short", "two words in the key of this file", "ümlaute-in-einem-schlüssel", "k" * 300]
)
def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key"
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(UsageError) as refused:
        key(file)
    assert not content or content not in str(refused.value)


def test_a_folder_and_a_place_that_is_not_there_are_explained(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "nowhere" / "key"):
        with pytest.raises(UsageError):
            key(file)


def test_a_key_opens_as_bearer_and_no_other_way() -> None:
    made = key(None)
    secret = made.secret.encode()
    assert made.opens(b"Bearer " + secret)
    assert made.opens(b"bearer  " + secret)
    for wrong in (b"", b"Bearer", b"Bearer ", secret, b"Basic " + secret, b"Bearer " + secret + b"x"):
        assert not made.opens(wrong)
