"""What the hub answers, what it refuses, and what is said when it does not answer at all."""


import pytest

from app.errors import InstallError
from app.models.hub import Listing, Unreachable, listing
from tests.fixtures.loopback_hub import REPOSITORY, REVISION, LoopbackHub
from tests.waiting import LIMIT_S

pytestmark = pytest.mark.usefixtures("hub")


def ask(patience_s: float = LIMIT_S, repository: str = REPOSITORY, revision: str = REVISION) -> Listing:
    return listing(repository, revision, patience_s)


def test_a_listing_has_the_files_a_model_needs_and_no_others(hub: LoopbackHub) -> None:
    (hub.folder / "modeling.py").touch()
    names = [file.name for file in ask().files]
    (hub.folder / "modeling.py").unlink()
    assert {"model.safetensors", "config.json", "chat_template.jinja", "tokenizer.json"} <= set(names)
    assert not {"modeling.py", "README.md"} & set(names)


def test_weights_are_listed_with_their_sha256_and_small_files_with_gits_hash() -> None:
    files = {file.name: file for file in ask().files}
    assert len(files["model.safetensors"].sha256) == 64
    assert (files["config.json"].sha256, len(files["config.json"].blob_id)) == ("", 40)


def test_a_branch_is_resolved_to_its_commit() -> None:
    assert ask(revision="main").revision == REVISION


def test_a_hub_that_accepts_and_never_answers_is_given_up(hub: LoopbackHub) -> None:
    hub.is_silent = True
    with pytest.raises(Unreachable) as failure:
        ask(patience_s=0.5)
    assert "cannot be reached" in failure.value.message
    assert "./run.sh demo" in failure.value.hint
    assert failure.value.exit_code == 3


def test_a_name_that_is_unknown_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    with pytest.raises(Unreachable, match=r"http://hub\.invalid"):
        ask(patience_s=5)


@pytest.mark.parametrize("endpoint", ["nonsense", "ftp://127.0.0.1", "http://[::1"])
def test_an_endpoint_that_is_no_address_is_explained(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(Unreachable):
        ask()


def test_a_proxy_is_asked_instead_of_the_hub(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("HTTP_PROXY", hub.url)
    huggingface_hub.close_session()
    assert ask().revision == REVISION
    huggingface_hub.close_session()


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "nonsense://127.0.0.1", "http://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_explained(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("ALL_PROXY", proxy)
    huggingface_hub.close_session()
    with pytest.raises(Unreachable, match=r"hub\.invalid") as failure:
        ask()
    assert "PROXY" in failure.value.hint
    huggingface_hub.close_session()


def test_a_login_page_is_not_taken_for_the_hub(hub: LoopbackHub) -> None:
    hub.status, hub.body = 200, b"<html>Welcome to our hotel"
    with pytest.raises(Unreachable):
        ask()


def test_a_revision_that_is_not_there_is_named() -> None:
    with pytest.raises(InstallError, match="has no revision feedfeed") as failure:
        ask(revision="feedfeed")
    assert failure.value.exit_code == 1


def test_a_repository_that_is_not_there_is_named() -> None:
    with pytest.raises(InstallError, match="nobody/nothing is not on http://127") as failure:
        ask(repository="nobody/nothing")
    assert "HF_TOKEN" in failure.value.hint


def test_a_gated_repository_says_where_to_agree(hub: LoopbackHub) -> None:
    hub.status, hub.error_code = 403, "GatedRepo"
    with pytest.raises(InstallError, match="consent") as failure:
        ask()
    assert REPOSITORY in failure.value.hint


def test_offline_mode_says_how_to_leave_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(Unreachable) as failure:
        ask()
    assert "unset HF_HUB_OFFLINE" in failure.value.hint
