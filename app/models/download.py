"""Bringing a model's files, each resumed where the last try stopped and compared with what the hub says it is.

It writes plain files and not huggingface_hub's cache: that one (2.x) throws away what an interrupted download has
brought. It compares with the hub's own hashes; comparing with the pin is for install.py.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import InstallError
from app.models.digests import sha256
from app.models.hub import PATIENCE_S, Listing, Remote, Unreachable, endpoint, explained, is_passing, reason
from app.models.patience import Line, patiently


@dataclass(frozen=True, slots=True)
class Errand:
    """One file to bring."""

    listing: Listing
    file: Remote
    folder: Path
    patience_s: float

    @property
    def target(self) -> Path:
        return self.folder / self.file.name

    @property
    def part(self) -> Path:
        return self.folder / (self.file.name + ".part")

    @property
    def url(self) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(self.listing.repository, self.file.name, revision=self.listing.revision, endpoint=endpoint())


def download(listing: Listing, folder: Path, on_bytes: Callable[[int], None], patience_s: float = PATIENCE_S) -> None:
    """Bring every file into `folder`; what is there already, whole or in part, is not brought again.

    `on_bytes` is told how many bytes have been added, or taken back where a file has to begin anew.

    Raises:
        Unreachable: no byte came for `patience_s`; the next call goes on from there.
        InstallError: a file is not what the hub says it is (what came is removed), or may not be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    errands = [Errand(listing, file, folder, patience_s) for file in listing.files]
    try:
        patiently(lambda line: _run(errands, line), patience_s, on_bytes)
    except TimeoutError as silence:
        raise Unreachable(f"nothing came for {patience_s:.0f} s ({silence}); what came so far is kept") from silence


def is_intact(path: Path, file: Remote) -> bool:
    """Whether the file is what the hub listed."""
    if path.stat().st_size != file.size:
        return False
    return sha256(path) == file.sha256 if file.sha256 else _git_hash(path) == file.blob_id


def _run(errands: list[Errand], line: Line[None]) -> None:
    for errand in errands:
        _bring(errand, line)


def _bring(errand: Errand, line: Line[None]) -> None:
    if errand.target.is_file() and is_intact(errand.target, errand.file):
        return line.brought(errand.file.size)
    errand.target.unlink(missing_ok=True)
    line.brought(_size(errand.part))
    while _size(errand.part) < errand.file.size and not line.is_dead:
        if why := _try_once(errand, line):
            line.failed(why)
            line.pause(1.0)
    if not line.is_dead:
        _accept(errand)
    return None


def _try_once(errand: Errand, line: Line[None]) -> str:
    """One request for what is still missing. Returns what went wrong, or nothing."""
    import httpx2

    try:
        _request(errand, line)
    except httpx2.HTTPError as error:
        if isinstance(error, httpx2.TransportError) or is_passing(error):
            return reason(error)
        raise explained(error, errand.listing.repository, errand.listing.revision) from error
    return "" if _size(errand.part) >= errand.file.size else "the connection ended early"


def _request(errand: Errand, line: Line[None]) -> None:
    from huggingface_hub import get_session, hf_raise_for_status
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented, yet not in __all__

    have = _size(errand.part)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity", "Range": f"bytes={have}-"}
    timeout_s = errand.patience_s / 3  # a connection that stalls is tried anew before patience ends
    with get_session().stream("GET", errand.url, headers=headers, timeout=timeout_s) as response:
        hf_raise_for_status(response)
        if have and response.status_code != 206:  # a proxy or mirror without resume sends it all again
            line.brought(-have)
            errand.part.unlink()
        with errand.part.open("ab", buffering=0) as part:
            for chunk in response.iter_raw():
                part.write(chunk)
                line.brought(len(chunk))
                if line.is_dead:
                    return


def _accept(errand: Errand) -> None:
    errand.part.touch()  # an empty file has nothing to bring
    if not is_intact(errand.part, errand.file):
        errand.part.unlink()
        raise InstallError(
            f"{errand.file.name} did not arrive as {endpoint()} lists it; what came has been removed",
            "run the same again; if that does not help, something on the way alters downloads",
        )
    os.replace(errand.part, errand.target)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _git_hash(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
