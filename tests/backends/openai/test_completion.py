"""Server-sent events, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.openai.completion import ServerSentEvents

STREAM = 'data: {"a": "é😀"}\r\n\r\n: ping\n\nevent: x\ndata: 1\ndata:2\n\ndata: [DONE]\n\n'.encode()


@given(st.lists(st.integers(0, len(STREAM)), max_size=9).map(sorted))
def test_events_are_the_same_wherever_their_bytes_are_cut(at: list[int]) -> None:
    events = ServerSentEvents()
    parts = [STREAM[a:b] for a, b in zip([0, *at], [*at, len(STREAM)], strict=True)]
    found = [each for part in parts for each in events.add(part)]
    assert found == ['{"a": "é😀"}', "1\n2", "[DONE]"]
    assert list(events.finish()) == []


def test_the_last_lines_end_may_be_missing_but_not_half_of_a_character() -> None:
    events = ServerSentEvents()
    assert list(events.add(b"data: [DONE]")) == []
    assert list(events.finish()) == ["[DONE]"]
    list(events.add("data: é".encode()[:-1]))
    with pytest.raises(UnicodeDecodeError):
        list(events.finish())


def test_a_line_without_end_is_given_up() -> None:
    with pytest.raises(ValueError, match="without end"):
        list(ServerSentEvents().add(b"x" * 1_000_001))
