"""How long a server takes: asked for real, with its key, and never reckoned from questions that failed."""

import itertools
import json

import pytest

from app.backends.openai.client import endpoint
from app.errors import ModelError
from scripts.crowd.__main__ import main
from scripts.crowd.curve import Questions
from tests.backends.openai.faults import Misbehaving, misbehaving, response, sends

ANSWER = json.dumps({"choices": [{"message": {"content": "A dog."}}]}).encode()
ANSWERS = sends(response("200 OK", ANSWER, "Content-Type: application/json"))


def test_so_many_questions_are_under_way_and_their_answers_counted() -> None:
    server = Misbehaving([ANSWERS] * 10_000, is_meant=lambda _asked: True)
    with misbehaving(server) as root:
        point = Questions(endpoint(root, "sk-1"), itertools.repeat({})).together(2, 0.2)
    assert point.answers == server.number >= 2
    assert server.asked[0].headers["Authorization"] == "Bearer sk-1"


def test_a_question_that_fails_under_load_spoils_the_whole() -> None:
    refuses = sends(response("503 Service Unavailable", b""))
    server = Misbehaving([ANSWERS, refuses, *[ANSWERS] * 10_000], is_meant=lambda _asked: True)
    with misbehaving(server) as root, pytest.raises(ModelError, match="503"):
        Questions(endpoint(root), itertools.repeat({})).together(2, 0.2)


def test_a_server_that_is_not_there_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["curve", "http://127.0.0.1:9/v1"])
    assert capsys.readouterr().err.startswith("error: no server answers at http://127.0.0.1:9")
