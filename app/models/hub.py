"""The model hub: what a model consists of, and downloads that resume, through huggingface_hub and its settings.

No answer for some seconds ends a request, whatever it hangs in: name lookup, connection, TLS or reading.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from app.errors import InstallError, UserError
from app.models.lockfile import LOADED, sha256

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

T = TypeVar("T")


class Progress(Generic[T]):
    """How the work tells of itself, and learns that nobody waits any more."""

    def __init__(self) -> None:
        self._news: SimpleQueue[int | str | BaseException | list[T]] = SimpleQueue()
        self._hung_up = Event()

    @property
    def is_dead(self) -> bool:
        return self._hung_up.is_set()

    def brought(self, count: int) -> None:
        """So many bytes more, or fewer: a sign of life."""
        self._news.put(count)

    def failed(self, why: str) -> None:
        """Something went wrong and is tried again: no sign of life, but the reason if none follows."""
        self._news.put(why)

    def pause(self, seconds: float) -> None:
        self._hung_up.wait(seconds)

    def run(self, work: "Callable[[Progress[T]], T]") -> None:
        try:
            self._news.put([work(self)])
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it again
            self._news.put(error)

    def wait(self, patience_s: float, on_bytes: Callable[[int], None]) -> T:
        why, until = "no answer", monotonic() + patience_s
        while True:
            try:
                told = self._news.get(timeout=max(0.0, until - monotonic()))
            except Empty:
                raise TimeoutError(why) from None
            if isinstance(told, list):
                return told[0]
            if isinstance(told, BaseException):
                raise told
            if isinstance(told, str):
                why = told
            else:
                on_bytes(told)
                until = monotonic() + patience_s

    def hang_up(self) -> None:
        self._hung_up.set()


def patiently(work: Callable[[Progress[T]], T], patience_s: float, on_bytes: Callable[[int], None] | None = None) -> T:
    """Run `work` in a thread and return what it returns, or raise what it raises.

    Raises:
        TimeoutError: it told of no byte for `patience_s`; the message is the last reason it gave.
    """
    progress: Progress[T] = Progress()
    Thread(target=progress.run, args=(work,), name="hub", daemon=True).start()
    try:
        return progress.wait(patience_s, on_bytes or _ignore)
    finally:
        progress.hang_up()


def _ignore(_: int) -> None:
    """For work that brings no bytes, only an answer."""


PATIENCE_S = 15.0
"""How long the hub may say nothing before it counts as out of reach."""

WANTED = re.compile(r"(?!consolidated|adapter_)[\w.-]+\.(" + "|".join(LOADED) + ")")
"""A model's own files, at the top: configs, weights, and what tokenizers of every family are made of.

No code (*.py), and no weights that can hold code (*.bin, *.pt); no other formats (GGUF, ONNX, Core ML), no second copy
of the weights (consolidated) and no adapter that the loader would take for a part of them; no pictures, no folders.
"""

AGAIN = (
    "check the network (a proxy goes into HTTPS_PROXY), then run the same again; ./run.sh demo needs no network; "
    'more in KNOWN_ISSUES.md, "The model hub cannot be reached"'
)

PULL = "if looksay knows the model by name, git pull may bring a newer models/registry.toml"


class Unreachable(InstallError):
    """The hub does not answer. An installation can go on without a model, so this has an exit code of its own."""

    exit_code = 3

    def __init__(self, why: str, hint: str = AGAIN) -> None:
        super().__init__(f"the hub, {endpoint()}, cannot be reached: {why}", hint)


@dataclass(frozen=True, slots=True)
class Remote:
    """One file, as the hub lists it."""

    name: str
    size: int
    """Bytes."""
    sha256: str
    """Empty for a small file, of which the hub tells only git's own hash."""
    blob_id: str
    """Git's hash: SHA-1 of the content behind a short header."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a model consists of, at one commit."""

    repository: str
    revision: str
    """The commit, also where a branch was asked for."""
    files: tuple[Remote, ...]
    licence: str
    """As the repository's card names it; empty if it does not."""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Listing":
        return cls(
            found["repository"], found["revision"], tuple(Remote(**each) for each in found["files"]), found["licence"]
        )


def endpoint() -> str:
    """The hub's address, without a slash at the end."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"


def listing(repository: str, revision: str, patience_s: float = PATIENCE_S) -> Listing:
    """What the model consists of, and which commit `revision` is.

    Raises:
        Unreachable: no answer, or not a hub's, within `patience_s`.
        InstallError: the hub has no such repository or revision, or does not give it to us.
    """
    try:
        return patiently(lambda _: _ask(repository, revision, patience_s), patience_s)
    except TimeoutError as silence:
        raise Unreachable(f"{silence} within {patience_s:.0f} s") from silence


def explained(error: Exception, repository: str, revision: str) -> UserError:
    """What a failed request means. This is this package's border to huggingface_hub and its HTTP client."""
    from huggingface_hub import errors

    if isinstance(error, errors.OfflineModeIsEnabled):
        return Unreachable("HF_HUB_OFFLINE is set", "unset HF_HUB_OFFLINE, then run the same again; or ./run.sh demo")
    if isinstance(error, errors.RevisionNotFoundError):
        return InstallError(f"{repository} has no revision {revision}", f"see {endpoint()}/{repository}; {PULL}")
    if isinstance(error, errors.GatedRepoError):
        return InstallError(f"{repository} asks for consent first", f"agree on {endpoint()}/{repository}, set HF_TOKEN")
    if isinstance(error, errors.RepositoryNotFoundError):
        return InstallError(
            f"{repository} is not on {endpoint()}, or not for everybody",
            f"see whether it is spelt as there, or set HF_TOKEN if it is private; {PULL}",
        )
    if isinstance(error, errors.HfHubHTTPError) and not is_passing(error):
        status = error.response.status_code
        return InstallError(f"{repository} may not be had (HTTP {status})", PULL)
    if isinstance(error, ImportError):  # a SOCKS proxy without its library
        return Unreachable(reason(error), "unset ALL_PROXY, or give an http:// proxy in HTTPS_PROXY")
    return Unreachable(reason(error))


def is_passing(error: Exception) -> bool:
    """Whether the hub is only busy: worth another try."""
    from huggingface_hub.errors import HfHubHTTPError

    return isinstance(error, HfHubHTTPError) and (error.response.status_code in (408, 429, 500, 502, 503, 504))


def reason(error: BaseException) -> str:
    """The error in one line, never empty."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _ask(repository: str, revision: str, patience_s: float) -> Listing:
    import httpx2
    from huggingface_hub import HfApi

    try:
        api = HfApi(endpoint=endpoint())
        info = api.model_info(repository, revision=revision, files_metadata=True, timeout=patience_s)
    except (httpx2.HTTPError, httpx2.InvalidURL, ConnectionError, ValueError, TypeError, ImportError) as error:
        raise explained(error, repository, revision) from error
    files = (_remote(each) for each in info.siblings or () if WANTED.fullmatch(each.rfilename))
    return Listing(repository, info.sha or revision, tuple(files), _licence(info))


def _licence(info: "ModelInfo") -> str:
    """A licence that the hub has no name for is called `other`, with its own name beside it."""
    said = (getattr(info.card_data, key, None) for key in ("license_name", "license"))
    return next((str(each) for each in said if each), "")


def _remote(file: "RepoSibling") -> Remote:
    return Remote(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else "", file.blob_id or "")


@dataclass(frozen=True, slots=True)
class FileDownload:
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
    downloads = [FileDownload(listing, file, folder, patience_s) for file in listing.files]
    try:
        patiently(lambda progress: _run(downloads, progress), patience_s, on_bytes)
    except TimeoutError as silence:
        raise Unreachable(f"nothing came for {patience_s:.0f} s ({silence}); what came so far is kept") from silence


def is_intact(path: Path, file: Remote) -> bool:
    """Whether the file is what the hub listed."""
    if path.stat().st_size != file.size:
        return False
    return sha256(path) == file.sha256 if file.sha256 else _git_hash(path) == file.blob_id


def _run(downloads: list[FileDownload], progress: Progress[None]) -> None:
    for download_ in downloads:
        _bring(download_, progress)


def _bring(download_: FileDownload, progress: Progress[None]) -> None:
    if download_.target.is_file() and is_intact(download_.target, download_.file):
        return progress.brought(download_.file.size)
    download_.target.unlink(missing_ok=True)
    progress.brought(_size(download_.part))
    while _size(download_.part) < download_.file.size and not progress.is_dead:
        if why := _try_once(download_, progress):
            progress.failed(why)
            progress.pause(1.0)
    if not progress.is_dead:
        _accept(download_)
    return None


def _try_once(download_: FileDownload, progress: Progress[None]) -> str:
    """One request for what is still missing. Returns what went wrong, or nothing."""
    import httpx2

    try:
        _request(download_, progress)
    except httpx2.HTTPError as error:
        if isinstance(error, httpx2.TransportError) or is_passing(error):
            return reason(error)
        raise explained(error, download_.listing.repository, download_.listing.revision) from error
    return "" if _size(download_.part) >= download_.file.size else "the connection ended early"


def _request(download_: FileDownload, progress: Progress[None]) -> None:
    from huggingface_hub import get_session, hf_raise_for_status
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented, yet not in __all__

    have = _size(download_.part)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity", "Range": f"bytes={have}-"}
    timeout_s = download_.patience_s / 3  # a connection that stalls is tried anew before patience ends
    with get_session().stream("GET", download_.url, headers=headers, timeout=timeout_s) as response:
        hf_raise_for_status(response)
        if have and response.status_code != 206:  # a proxy or mirror without resume sends it all again
            progress.brought(-have)
            download_.part.unlink()
        with download_.part.open("ab", buffering=0) as part:
            for chunk in response.iter_raw():
                part.write(chunk)
                progress.brought(len(chunk))
                if progress.is_dead:
                    return


def _accept(download_: FileDownload) -> None:
    download_.part.touch()  # an empty file has nothing to bring
    if not is_intact(download_.part, download_.file):
        download_.part.unlink()
        raise InstallError(
            f"{download_.file.name} did not arrive as {endpoint()} lists it; what came has been removed",
            "run the same again; if that does not help, something on the way alters downloads",
        )
    os.replace(download_.part, download_.target)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _git_hash(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
