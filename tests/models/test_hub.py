"""What the hub answers, what it refuses, and what is said when it does not answer at all."""

import threading
from pathlib import Path

import pytest

from app.errors import InstallError
from app.models import hub
from app.models.hub import Listing, Progress, Unreachable, download, listing, patiently
from tests import needs
from tests.fixtures.loopback_hub import REPOSITORY, REVISION, LoopbackHub
from tests.waiting import LIMIT_S, until

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


WEIGHTS = "model.safetensors"
CUT = 300_000


@pytest.fixture
def files(hub: LoopbackHub) -> Listing:  # noqa: ARG001 - it answers
    return listing(REPOSITORY, REVISION)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "download"


def bring(files: Listing, folder: Path, patience_s: float = LIMIT_S) -> int:
    """Download, and return how many bytes were counted."""
    counted: list[int] = []
    download(files, folder, counted.append, patience_s)
    return sum(counted)


def assert_whole(folder: Path, hub: LoopbackHub, files: Listing) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(file.name for file in files.files)
    assert all((folder / file.name).read_bytes() == (hub.folder / file.name).read_bytes() for file in files.files)


def test_what_is_there_is_counted_and_not_brought_again(hub: LoopbackHub, files: Listing, folder: Path) -> None:
    bring(files, folder)
    hub.asked.clear()
    assert bring(files, folder) == files.size
    assert hub.asked == []


def test_a_connection_cut_in_the_middle_is_taken_up_there(hub: LoopbackHub, files: Listing, folder: Path) -> None:
    hub.cut_after[WEIGHTS] = CUT
    assert bring(files, folder) == files.size
    assert hub.ranges(WEIGHTS) == ["bytes=0-", f"bytes={CUT}-"]
    assert_whole(folder, hub, files)


def test_a_hub_that_falls_silent_in_the_middle_is_given_up_and_taken_up_there_by_the_next_run(
    hub: LoopbackHub, files: Listing, folder: Path
) -> None:
    hub.cut_after[WEIGHTS] = CUT
    hub.hold.clear()
    with pytest.raises(Unreachable, match="what came so far is kept"):
        bring(files, folder, patience_s=2)
    assert not (folder / WEIGHTS).exists()
    hub.hold.set()
    hub.asked.clear()
    bring(files, folder)
    assert hub.ranges(WEIGHTS)[0] == f"bytes={CUT}-"
    assert_whole(folder, hub, files)


def test_a_server_that_cannot_resume_sends_it_all_again(hub: LoopbackHub, files: Listing, folder: Path) -> None:
    hub.cut_after[WEIGHTS], hub.is_without_ranges = CUT, True
    assert bring(files, folder) == files.size
    assert_whole(folder, hub, files)


@pytest.mark.parametrize("name", [WEIGHTS, "config.json"])
def test_a_file_that_is_not_what_was_listed_is_removed_and_fetched_afresh(
    name: str, hub: LoopbackHub, files: Listing, folder: Path
) -> None:
    hub.spoil.add(name)
    with pytest.raises(InstallError, match=f"{name} did not arrive as"):
        bring(files, folder)
    assert not list(folder.glob(f"{name}*"))
    hub.spoil.clear()
    bring(files, folder)
    assert_whole(folder, hub, files)


def test_a_file_spoilt_on_this_disk_is_brought_again(hub: LoopbackHub, files: Listing, folder: Path) -> None:
    bring(files, folder)
    (folder / WEIGHTS).write_bytes(bytes(files.size))
    bring(files, folder)
    assert_whole(folder, hub, files)


def test_the_token_goes_to_the_hub_and_not_to_where_it_redirects(
    hub: LoopbackHub, files: Listing, folder: Path
) -> None:
    bring(files, folder)
    has_token = {path.startswith("/cdn/"): "authorization" in headers for _, path, headers in lower(hub)}
    assert has_token == {False: True, True: False}


def test_a_file_that_may_not_be_had_is_explained_at_once(hub: LoopbackHub, files: Listing, folder: Path) -> None:
    hub.status = 403
    with pytest.raises(InstallError, match="may not be had"):
        bring(files, folder)


@needs.file("/dev/full")
def test_a_full_disk_is_not_taken_for_a_bad_network(files: Listing, folder: Path) -> None:
    folder.mkdir()
    (folder / f"{WEIGHTS}.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        bring(files, folder)


def lower(hub: LoopbackHub) -> list[tuple[str, str, dict[str, str]]]:
    """What was asked, with header names as they compare."""
    return [(method, path, {name.lower(): it for name, it in headers.items()}) for method, path, headers in hub.asked]


def test_what_the_work_returns_is_returned() -> None:
    assert patiently(lambda line: not line.is_dead, LIMIT_S) is True


def test_what_the_work_raises_is_raised() -> None:
    def work(_: Progress[None]) -> None:
        raise KeyError("as it is")

    with pytest.raises(KeyError, match="as it is"):
        patiently(work, LIMIT_S)


def test_work_that_hangs_is_given_up_and_hears_of_it() -> None:
    heard = threading.Event()

    def work(line: Progress[None]) -> None:
        while not line.is_dead:
            line.pause(30)
        heard.set()

    with pytest.raises(TimeoutError, match="no answer"):
        patiently(work, 0.05)
    assert heard.wait(LIMIT_S)


def test_the_last_trouble_is_the_reason() -> None:
    def work(line: Progress[None]) -> None:
        line.failed("cut")
        line.failed("refused")
        line.pause(30)

    with pytest.raises(TimeoutError, match="refused"):
        patiently(work, 0.05)


def test_bytes_are_counted_and_buy_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifteen minutes of work, of which each part comes after half of what is waited for one."""
    now, counted = [100.0], list[int]()
    monkeypatch.setattr(hub, "monotonic", lambda: now[0])

    def work(line: Progress[str]) -> str:
        for number in range(15):
            now[0] += 60
            line.brought(7)
            until(lambda number=number: len(counted) > number)
        return "whole"

    assert patiently(work, LIMIT_S, counted.append) == "whole"
    assert counted == [7] * 15
