"""Asking the hub what a model consists of, and telling why it does not answer.

It asks through huggingface_hub's own HTTP client, so HF_ENDPOINT, HF_TOKEN and proxies count. The one question is
also how we find out whether the hub can be reached at all. It brings no files: download.py does.
"""

import os
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from app.errors import InstallError, UserError
from app.models.digests import LOADED
from app.models.patience import patiently

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

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
