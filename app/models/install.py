"""`python -m app.models.install NAME`: from nothing to an installed model. install.sh runs it.

    is it there? ── listing ── pin ── room on the disk ── download ── hashes ── make ── lock ── in its place

Exit codes: 0 installed (now or before), 1 explained failure, 2 usage, 3 the hub cannot be reached, 130 interrupted.
Whatever stops it, running it again goes on from there; a folder in .models/NAME is always whole. Nothing that it
fetches is run: code and weights in formats that can hold code (pickle) are left on the hub.
"""

import errno
import fcntl
import json
import os
import re
import shlex
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from app.errors import InstallError, ModelError, UserError
from app.files import ROOT
from app.models import convert, lockfile
from app.models.hub import PATIENCE_S, Listing
from app.models.registry import Card, fetched_folder, folder_name, known, locate

ANOTHER = "take another with --model NAME; ./run.sh models lists those that looksay knows"
COMMIT = re.compile(r"[0-9a-f]{40}")


def main(
    argv: Sequence[str] | None = None,
    root: Path = ROOT,
    patience_s: float = PATIENCE_S,
    quantize: bool | None = None,
) -> int:
    """Install the model named on the command line and return the exit code."""
    os.environ.setdefault("HF_HOME", str(root / ".hf_cache"))
    parser = ArgumentParser(prog="python -m app.models.install", description="Fetch, verify and convert a model, once.")
    parser.add_argument("name", metavar="NAME", help="a model of models/registry.toml, or owner/name[@revision]")
    name = parser.parse_args(argv).name
    try:
        with _disk_explained():
            card = known(name, root)
            if card.name != name:
                _say(f"{name} is {card.name} of models/registry.toml")
            install(card, root, patience_s, quantize)
    except KeyboardInterrupt:
        _say("\nstopped; what has been downloaded is kept, and the same command goes on from there")
        return 130
    except UserError as failure:
        _say(str(failure))
        return failure.exit_code
    return 0


def install(card: Card, root: Path, patience_s: float = PATIENCE_S, quantize: bool | None = None) -> None:
    """Make the model ready to load, unless it is.

    Raises:
        UserError: why it is not, and what to do.
    """
    if card.folder:
        return _say(f"{card.name} is part of looksay: {locate(card.name, root)}")
    how = convert.recipe(card.bits, card.group_size, quantize)
    if _is_installed(card, how, root):
        return _say(f"{card.name} is already installed, and every file is as it was")
    downloads = Path(os.environ["HF_HOME"]) / "looksay" / folder_name(card.name)
    with _alone(downloads, card.name):
        source = downloads / folder_name(card.revision)
        listing = _bring(card, source, how, patience_s)
        _make(card, listing, source, how, root)
        freed = _free(downloads)
    return _say(f"{card.name} is installed" + (f"; {_mb(freed)} of downloads removed" if freed else ""))


def _is_installed(card: Card, how: convert.Recipe, root: Path) -> bool:
    folder = fetched_folder(card.name, root)
    if not folder.exists():
        return False
    try:
        lockfile.verify(folder, root)
        entry = lockfile.entries(root)[folder.name]
    except ModelError as spoilt:
        _say(f"{spoilt.message}; it is installed anew")
        return False
    return entry.made.get("bits") == how.bits and (entry.revision == card.revision or not _is_commit(card.revision))


def _is_commit(revision: str) -> bool:
    """A branch or tag was resolved once, at install; what it names today does not matter."""
    return bool(COMMIT.fullmatch(revision))


def _bring(card: Card, folder: Path, how: convert.Recipe, patience_s: float) -> Listing:
    """Every file of the model in `folder`, as the hub lists it and, where there is a pin, as that says."""
    from app.models.hub import download

    listing = _listing(card, folder, patience_s)
    _check_room(listing, folder, how)
    licence = card.licence or listing.licence or "licence not said"
    _say(f"{card.repository} at {listing.revision[:12]} ({licence}): {_mb(listing.size)}")
    with _bar(listing.size) as on_bytes:
        download(listing, folder, on_bytes, patience_s)
    return listing


def _listing(card: Card, folder: Path, patience_s: float) -> Listing:
    """From the hub, or from the last try: so that a branch stays at one commit, and what is all there needs no hub."""
    from app.models.hub import listing

    kept = folder.with_name(folder.name + ".listing")
    try:
        return _pinned(card, Listing.from_json(json.loads(kept.read_text(encoding="utf-8"))))
    except (OSError, ValueError, KeyError, TypeError):
        found = _pinned(card, listing(card.repository, card.revision, patience_s))
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found.as_json()), encoding="utf-8")
    return found


def _pinned(card: Card, listing: Listing) -> Listing:
    """The listing with no other weights than the pinned ones: the hub's word is compared before 500 MB are fetched.

    Each pinned file is then held to its pin, whatever the hub says of it.
    """
    files = {file.name: file for file in listing.files}
    if not any(map(_is_weights, files)):
        raise InstallError(f"{card.repository} has no safetensors weights", ANOTHER)
    if "config.json" not in files:
        raise InstallError(f"{card.repository} has no config.json: it is not a whole model", ANOTHER)
    if not card.is_pinned:
        return listing
    for name, sha256 in card.sha256.items():
        if name not in files or files[name].sha256 not in ("", sha256):  # of small files the hub tells no sha256
            raise InstallError(
                f"{name} of {card.repository} is not the one that models/registry.toml pins",
                "do not use it; git pull, and if that does not help, report it",
            )
        files[name] = replace(files[name], sha256=sha256)
    kept = (file for name, file in files.items() if name in card.sha256 or not _is_weights(name))
    return replace(listing, files=tuple(kept))


def _is_weights(name: str) -> bool:
    return name.endswith(".safetensors")


def _check_room(listing: Listing, folder: Path, how: convert.Recipe) -> None:
    """The download, and while converting the made weights beside it."""
    needed = listing.size * (2 if how.bits else 1) - sum(path.stat().st_size for path in folder.iterdir())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InstallError(f"{_mb(needed)} are needed on the disk, {_mb(free)} are free", "make room, then run again")


def _make(card: Card, listing: Listing, source: Path, how: convert.Recipe, root: Path) -> None:
    """Build beside the place, note every file, and only then move it there."""
    target = fetched_folder(card.name, root)
    making = target.with_name(f".making-{target.name}")
    shutil.rmtree(making, ignore_errors=True)
    _say(f"making {target}: {_intent(card, how)}")
    convert.make(source, making, how)
    trust: lockfile.Trust = "pinned" if card.is_pinned else "recorded at install"
    entry = lockfile.Entry(
        listing.repository, listing.revision, trust, how.made, lockfile.marks(making), listing.licence
    )
    _clear(target)
    os.replace(making, target)
    lockfile.write(target.name, entry, root)


def _clear(target: Path) -> None:
    """Of a link to a folder elsewhere, only the link is ours to remove."""
    if target.is_symlink():
        target.unlink()
    shutil.rmtree(target, ignore_errors=True)


def _intent(card: Card, how: convert.Recipe) -> str:
    if how.bits:
        return f"{how.bits}-bit language model, everything else as published"
    return f"as published: {card.bits}-bit is quick with Metal only" if card.bits else "as published"


@contextmanager
def _alone(downloads: Path, name: str) -> Generator[None]:
    """Two installations of one model would write into the same files. The lock goes with the process that holds it."""
    downloads.parent.mkdir(parents=True, exist_ok=True)
    with downloads.with_name(f"{downloads.name}.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InstallError(f"{name} is being installed already", "wait until it is") from error
        yield


@contextmanager
def _disk_explained() -> Generator[None]:
    """The border to the disk: what a person can do something about is explained."""
    try:
        yield
    except OSError as error:
        where = error.filename or "the project's folder"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InstallError("the disk is full", "make room, then run again: it goes on from there") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            hint = f"chown or chmod {shlex.quote(str(where))}, then run again"
            raise InstallError(f"{where} cannot be written to", hint) from error
        raise


@contextmanager
def _bar(size: int) -> Generator[Callable[[int], None]]:
    """A progress bar on stderr, in bytes, for as long as the download takes."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("download", total=size)
        yield lambda count: progress.advance(task, count)


def _free(downloads: Path) -> int:
    """Remove the download. Returns the bytes that this frees: files shared with the installed folder free none."""
    weights = [path.stat() for path in downloads.rglob("*.safetensors")]
    shutil.rmtree(downloads, ignore_errors=True)
    return sum(each.st_size for each in weights if each.st_nlink == 1)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
