"""Files arrive whole, go on where they stopped, and are what the hub says they are."""

from pathlib import Path

import pytest

from app.errors import InstallError
from app.models.hub import Listing, Unreachable, download, listing
from tests import needs
from tests.fixtures.loopback_hub import REPOSITORY, REVISION, LoopbackHub
from tests.waiting import LIMIT_S

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
