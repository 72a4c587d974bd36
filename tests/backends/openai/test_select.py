"""A model on a server: which it is, what is known of it, and what is said of that."""

import pytest

from app.backends.openai.select import card_of, chosen
from app.backends.verdicts import known_models
from app.commands.narrate import LiveFactory
from app.config import ModelOptions, Settings
from app.errors import ModelError, UsageError
from app.events import Request
from app.files import ROOT
from tests.backends.openai.stand_in import completion, model_that, serving

PROPS = {"/props": {"modalities": {"vision": True}, "total_slots": 3}}
TWO = ("first", "second")


def settings(root: str, **more: object) -> Settings:
    return Settings(backend="server", url=f"{root}/v1", **more)


def answering():
    return model_that(lambda _pixels, _question: "Red.")


def test_of_several_models_the_first_is_taken_and_that_is_said() -> None:
    with serving(answering(), models=TWO) as root:
        found = chosen(settings(root))
    assert found.card.name == "first"
    assert "It serves 2 models; this is first (--model NAME takes another)." in found.notes


def test_the_model_that_is_named_is_taken_if_it_is_there() -> None:
    with serving(answering(), models=TWO) as root:
        found = chosen(settings(root, model="second"))
        assert (found.card.name, found.notes) == ("second", ())
        with pytest.raises(UsageError, match="does not serve third") as failure:
            chosen(settings(root, model="third"))
    assert failure.value.hint == "it serves first, second"


def test_a_server_that_lists_nothing_is_taken_at_its_users_word() -> None:
    with serving(answering(), {"/v1/models": {"data": []}, "/health": {"loaded_model": None}}) as root:
        assert chosen(settings(root, model="mine")).card.name == "mine"
        with pytest.raises(UsageError, match="does not say which model"):
            chosen(settings(root))


def test_as_many_questions_are_asked_at_once_as_it_takes_unless_the_user_says_how_many() -> None:
    with serving(answering(), PROPS) as root:
        assert chosen(settings(root)).at_once == 3
        assert chosen(settings(root, parallel=8)).at_once == 8
    with serving(answering()) as root:
        assert chosen(settings(root)).at_once == 4


def test_what_looksay_knows_of_a_model_holds_wherever_it_is_served() -> None:
    known = card_of(str(ROOT / "models" / "demo"))
    assert (known.frames, known.name) == (4, str(ROOT / "models" / "demo"))
    assert "nothing about real scenes" in known.note
    assert card_of("mlx-community/SmolVLM2-256M-Video-Instruct-mlx").memory_gb > 0
    assert card_of("somebody/else").note == ""


def test_a_server_that_says_that_it_takes_no_pictures_is_not_shown_any() -> None:
    asked = []
    with serving(lambda body: asked.append(body) or completion("Red.", 1), {"/props": {"modalities": {}}}) as root:
        found = chosen(settings(root))
        with pytest.raises(ModelError, match="takes no pictures") as failure:
            found.open(ModelOptions(), is_trusted=False)
    assert "--mmproj" in failure.value.hint
    assert asked == []


def test_trusted_it_is_asked_all_the_same() -> None:
    with serving(answering(), {"/props": {"modalities": {}}}) as root:
        describer = chosen(settings(root)).open(ModelOptions(), is_trusted=True)
        assert "".join(piece.text for piece in describer.describe(Request((), "What?", 8))) == "Red."


def test_the_page_lists_what_the_server_has_and_shows_which_runs() -> None:
    with serving(answering(), models=TWO) as root:
        assert [(each.name, each.is_installed) for each in known_models(settings(root))] == [
            ("first", True),
            ("second", True),
        ]
        assert LiveFactory(settings(root, source="scenes")).selection.model == "first"
