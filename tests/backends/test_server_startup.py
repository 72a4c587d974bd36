"""Who is let in: servers that see, asked in the order in which they see; what they fail with afterwards may pass."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from app.backends.openai.client import endpoint
from app.backends.openai.describer import Form, ServerDescriber
from app.backends.startup import admit_server, server_sight
from app.check.vision_test import COLOURS
from app.errors import ModelError, Outage
from app.events import Frame, Request
from tests.backends.openai.faults import Asked, Fault, Misbehaving, Says, misbehaving, response, sends


def seeing(asked: Asked) -> str:
    """A model that looks at the picture, and knows what the sight test asks."""
    return told(asked.pictures[0], asked.question) if asked.pictures else "Which picture?"


def told(pixels: np.ndarray, question: str) -> str:
    if "Is there" in question:
        return "Yes." if "blue circle" in question else "No."
    if "left" in question:
        halves = np.array_split(pixels.astype(float).std(axis=2), 2, axis=1)
        return "It is on the left." if halves[0].mean() > halves[1].mean() else "It is on the right."
    mean = pixels.reshape(-1, 3).mean(0)
    return min(COLOURS, key=lambda name: float(np.abs(mean - COLOURS[name]).sum()))


def swapping(asked: Asked) -> str:
    return told(asked.pictures[0][..., ::-1], asked.question) if asked.pictures else "Which picture?"


def inventing(asked: Asked) -> str:
    return f"A beautiful red sunset over a blue sea, seen {len(asked.question)} times."


def refusing(_asked: Asked) -> str:
    return "I'm sorry, I cannot see any picture. Please upload one."


def keeping() -> Says:
    """A server that keeps the first picture for every question after it."""
    first: list[np.ndarray] = []

    def says(asked: Asked) -> str:
        first.extend(asked.pictures[: not first])
        return told(first[0], asked.question) if first else "Which picture?"

    return says


def only_picture_first(asked: Asked) -> str:
    """A model trained with pictures first, which says no to everything that is asked the other way round."""
    is_trained = asked.parts[0]["type"] == "image_url"
    return seeing(asked) if is_trained or "Is there" not in asked.question else "No."


def blind_unless_text_first(asked: Asked) -> str:
    return seeing(asked) if asked.parts[0]["type"] == "text" and "Is there" not in asked.question else "Black."


@contextmanager
def eyes(says: Says, *faults: Fault) -> Iterator[ServerDescriber]:
    with misbehaving(Misbehaving(faults, says, lambda asked: "What happens" in asked.question)) as root:
        yield ServerDescriber(endpoint(root), Form("small"))


@pytest.mark.parametrize(
    ("says", "verdict"),
    [
        (keeping(), "blind"),
        (swapping, "channels swapped"),
        (inventing, "blind"),
        (refusing, "refuses"),
        (lambda _asked: "", "refuses"),
        (lambda _asked: "Black.", "blind"),
    ],
    ids=["keeps the first picture", "BGR", "invents", "refuses", "says nothing", "drops the picture"],
)
def test_what_does_not_see_is_not_let_in_unless_it_is_trusted(says: Says, verdict: str) -> None:
    with eyes(says) as describer:
        with pytest.raises(ModelError, match=f"does not pass the check: {verdict}") as failure:
            admit_server(describer, "small", is_trusted=False)
        assert "--trust-model" in failure.value.hint
        trusted = admit_server(describer, "small", is_trusted=True)
    assert any("--trust-model" in warning and verdict in warning for warning in trusted.banner.warnings)


@pytest.mark.parametrize(
    ("says", "is_picture_first"), [(seeing, False), (only_picture_first, True), (blind_unless_text_first, False)]
)
def test_the_question_goes_first_where_that_does_no_harm(says: Says, is_picture_first: object) -> None:
    with eyes(says) as describer:
        found, tokens = server_sight(describer)
    assert (found.status, tokens, describer.form.is_picture_first) == ("ok", 64, is_picture_first)


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "400 Bad Request", "302 Found"])
def test_what_fails_for_good_at_the_start_may_pass_later_on(status: str) -> None:
    fault = sends(response(status, b""))
    with eyes(seeing, fault, fault) as describer:
        request = Request((Frame(np.zeros((48, 64, 3), np.uint8), 0.0, 0.0, 0),), "What happens?")
        with pytest.raises(ModelError) as failure:
            list(describer.describe(request))
        assert not isinstance(failure.value, Outage)
        lasting = admit_server(describer, "small", is_trusted=False)
        with pytest.raises(Outage) as passing:
            list(lasting.describe(request))
        assert passing.value.wait_s > 0
        assert "".join(piece.text for piece in lasting.describe(request))


def test_a_server_that_cannot_be_asked_is_no_verdict_on_its_model() -> None:
    with eyes(seeing) as describer:
        pass
    with pytest.raises(Outage, match="no server answers"):
        admit_server(describer, "small", is_trusted=True)
