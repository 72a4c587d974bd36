"""`serve` with the demo model, asked by OpenAI's own client."""

import base64
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from tests import needs
from tests.golden.inputs import RED, circle, killed_in_the_end, status_of
from tests.running import SLOW_S, start

pytestmark = needs.module("openai")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/v1")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and key of a running server."""
    key = tmp_path_factory.mktemp("serve") / "key"
    with killed_in_the_end(start("serve", "--model", "demo", "--port", "0", "--key-file", str(key))) as process:
        yield address(process), key.read_text().strip()


def address(process: Any) -> str:
    """The first that it writes on standard error."""
    told = []
    for line in process.stderr:
        told.append(line)
        if found := ADDRESS.search(line):
            return found[0]
    raise AssertionError("".join(told))


def question() -> dict[str, Any]:
    """What there is to be seen in a picture, as OpenAI's API is asked."""
    png = BytesIO()
    circle("red", "top left").save(png, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
    parts = [{"type": "text", "text": "What do you see?"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": "demo", "messages": [{"role": "user", "content": parts}], "temperature": 0}


def test_openais_client_gets_the_caption_whole_and_word_by_word(served: tuple[str, str]) -> None:
    from openai import OpenAI

    address, key = served
    with OpenAI(base_url=address, api_key=key, max_retries=0, timeout=SLOW_S) as client:
        whole = client.chat.completions.create(**question())
        assert whole.choices[0].message.content == RED
        chunks = client.chat.completions.create(**question(), stream=True)
        words = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    assert "".join(words).strip() == RED
    assert len(words) > 1


def test_without_its_key_nothing_is_answered(served: tuple[str, str]) -> None:
    from openai import AuthenticationError, OpenAI

    address, key = served
    assert status_of(f"{address}/models") == 401
    assert status_of(f"{address}/models", Authorization=f"Bearer {key}") == 200
    with (
        OpenAI(base_url=address, api_key="another", max_retries=0, timeout=SLOW_S) as client,
        pytest.raises(AuthenticationError),
    ):
        client.chat.completions.create(**question())
