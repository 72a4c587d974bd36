"""Which models there are, and where each one lives on this disk.

It reads models/registry.toml and looks whether a folder is there. It does not open weights, and it does not verify
them (lockfile.py does); it is imported at every start, so it imports nothing heavy.
"""

import os
import re
import shlex
import stat
import tomllib
from collections.abc import Callable
from dataclasses import fields
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.errors import ModelError, UsageError
from app.files import ROOT, explain, readable, user_path
from app.models.card import Bound, Card, ImageTokens, Reported, Sampling, Verified

PART = r"[A-Za-z0-9](?:(?!--|\.\.)[\w.-])*"
HUB_ID = re.compile(rf"(?P<repository>{PART}/{PART})(?:@(?P<revision>[\w./-]+))?", re.ASCII)
"""owner/name or owner/name@revision. The hub allows no `--` in either name, so a folder may have it for the slash."""


def registered(root: Path = ROOT) -> dict[str, Card]:
    """Every model of the registry, by name.

    Raises:
        ModelError: models/registry.toml cannot be read, or has a table that is not a model.
    """
    path = root / "models" / "registry.toml"
    try:
        return {card.name: card for card in _cards(path.read_text(encoding="utf-8"))}
    except OSError as error:
        raise ModelError(*explain(error, path)) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelError(
            f"{path} is no list of models: {error}", f"a table may have: {', '.join(_keys())}; licence must be there"
        ) from error


def known(name: str, root: Path = ROOT) -> Card:
    """The model of this name or hub id. Any repository may be named; one that the registry names is its model.

    Raises:
        UsageError: neither, with the names that there are.
    """
    cards = registered(root)
    if name in cards:
        return cards[name]
    if found := HUB_ID.fullmatch(name):
        return _of_repository(name, found["repository"], found["revision"] or "", cards)
    raise _unknown(name, list(cards))


def fetched_folder(name: str, root: Path = ROOT) -> Path:
    """Where a model that is fetched lies once it is installed."""
    return root / ".models" / folder_name(name)


def folder_name(name: str) -> str:
    """A name that can be one folder: `owner--name` for owner/name, a registered name as it is."""
    return name.replace("/", "--")


def fetched_name(folder: Path) -> str:
    """What `--model` takes for a folder inside .models."""
    return folder.name.replace("--", "/")


def locate(name_or_path: str, root: Path = ROOT) -> Path:
    """The folder of a registered model, the folder itself if a path is given, or that of a fetched repository.

    A folder that is there wins over a repository whose id reads the same.

    Raises:
        UsageError: neither a name, a path nor a hub id.
        ModelError: not installed, or no model folder.
    """
    cards = registered(root)
    if name_or_path in cards:
        return _installed(cards[name_or_path], root)
    path = path_of(name_or_path)
    if HUB_ID.fullmatch(name_or_path) and not path.exists() and not path.parent.is_file():
        return _installed(known(name_or_path, root), root)
    if path.exists() or _looks_like_path(name_or_path):
        return _model_folder(path)
    raise _unknown(name_or_path, list(cards))


def path_of(text: str) -> Path:
    """The path that a person typed for a model's files. It may lead nowhere, but it can be looked at.

    Raises:
        ModelError: no path can be this, or we may not look there.
    """
    path = user_path(text, ModelError)
    _is(path, stat.S_ISREG)
    return path


def home(card: Card, root: Path = ROOT) -> Path:
    """Where the model lies, or would."""
    return root / card.folder if card.folder else fetched_folder(card.name, root)


def is_installed(card: Card, root: Path = ROOT) -> bool:
    """Whether it is there; whether its files are what they should be is for lockfile.py.

    Raises:
        ModelError: we may not look there.
    """
    return _is(home(card, root) / "config.json", stat.S_ISREG)


@lru_cache(maxsize=1)
def _cards(text: str) -> tuple[Card, ...]:
    """Read once: a start asks several times, and the standard library takes 10 ms for it."""
    return tuple(_card(name, table) for name, table in tomllib.loads(text).items())


def _card(name: str, table: object) -> Card:
    if not isinstance(table, dict):
        raise TypeError(f"{name} is not a table")
    if "licence" not in table:
        raise TypeError(f"{name} has no licence")
    return Card(name=name, **{key: _value(key, value) for key, value in table.items()})


def _value(key: str, value: Any) -> Any:
    """What TOML has for a key, as the card has it."""
    if one := {"image_tokens": ImageTokens, "sampling": Sampling}.get(key):
        return one(**value)
    if each := {"loader": Bound, "verified": Verified, "reported": Reported}.get(key):
        return tuple(each(**table) for table in value)
    return value


def _keys() -> list[str]:
    return [each.name for each in fields(Card) if each.name != "name"]


def _of_repository(name: str, repository: str, revision: str, cards: dict[str, Card]) -> Card:
    if not revision and (its := [card for card in cards.values() if card.repository == repository]):
        return its[0]
    return Card(name=name, repository=repository, revision=revision or "main")


def _installed(card: Card, root: Path) -> Path:
    if is_installed(card, root):
        return home(card, root)
    if card.folder:
        hint = f"git checkout -- {shlex.quote(card.folder)}"
        raise ModelError(f"{card.name} belongs into {card.folder} and is not there", hint)
    hint = f"{card.install_command} fetches it; --model demo is here already"
    raise ModelError(f"{card.name} is not installed", hint)


def _model_folder(path: Path) -> Path:
    name = readable(path)
    try:
        path.stat()
    except OSError as error:
        raise ModelError(*explain(error, path, "model")) from error
    if not _is(path, stat.S_ISDIR):
        raise ModelError(f"{name} is not a folder", "give a model's name (./run.sh models), or the folder it lies in")
    if not _is(path / "config.json", stat.S_ISREG):
        raise ModelError(f"{name} is no model folder: it has no config.json", "give the folder that config.json is in")
    return path


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    """Whether it is there and of this kind. pathlib answers "no" where we may not look, or raises: by its version."""
    try:
        return kind(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ModelError(*explain(error, path, "model")) from error


def _looks_like_path(words: str) -> bool:
    return words.startswith((".", "~", "/")) or "/" in words


def _unknown(name: str, names: list[str]) -> UsageError:
    close = get_close_matches(name, names, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    hint = f"{meant}./run.sh models lists them; a folder, or owner/name on the hub, will do as well"
    return UsageError(f"there is no model called {readable(name)}", hint)
