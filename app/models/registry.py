"""The registry: what is known of each model (its card), where it is on disk, and which one fits this machine.

The table is models/registry.toml; ADD A MODEL there.
"""

import json
import os
import re
import shlex
import stat
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from app.errors import ModelError, UsageError
from app.files import ROOT, explain, readable, user_path


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of the range of mlx-vlm versions that a model works with."""

    why: str
    """What goes wrong beyond it, without a full stop."""
    least: str = ""
    """The oldest version that will do; or, instead:"""
    before: str = ""
    """The first version that will not do any more."""


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """How many tokens one frame may become."""

    default: int
    least: int
    most: int
    how: str
    """How the number is applied: `tile edge`, `patch budget`, `fixed` or `measured` (app/backends/mlx/families.py)."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen; the defaults are greedy decoding."""

    temperature: float = 0.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0


Shape = Literal["squeezed", "padded", "kept"]


@dataclass(frozen=True, slots=True)
class Verified:
    """Something that was run."""

    what: str
    where: str
    when: date


@dataclass(frozen=True, slots=True)
class Reported:
    """Something that others say."""

    what: str
    source: str


@dataclass(frozen=True, slots=True)
class Card:
    """One table of models/registry.toml."""

    name: str
    licence: str = ""
    """As SPDX or the vendor writes it; shown before the download. Empty for a model that is not registered."""
    architecture: str = ""
    """`model_type` of its config.json."""
    default: bool = False
    """The model of a plain ./install.sh and ./run.sh."""
    folder: str = ""
    """Where it lies in the repository; empty for one that is fetched."""
    repository: str = ""
    """owner/name on huggingface.co."""
    revision: str = "main"
    """The commit to take; a branch is resolved once, at install."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Of published files, by name, before anything is made of them."""
    gguf: str = ""
    """owner/name:QUANTIZATION on huggingface.co: the same model as a GGUF pair, for llama.cpp."""
    bits: int = 0
    """What the language model's layers are quantized to at install; 0 keeps them as published."""
    group_size: int = 64
    """Weights that share one scale."""
    loader: tuple[Bound, ...] = ()
    """The range of mlx-vlm versions; each bound with its reason."""
    image_tokens: ImageTokens | None = None
    """None: measured when the model is loaded, and held to that."""
    shape: Shape | None = None
    """How a frame becomes a tile, as the model was trained: its own shape given up, kept between black bars, or kept.
    None: as its family does it."""
    frames: int = 1
    """The most frames that one question may show it."""
    prompt: str = ""
    """What to ask of a frame; empty for looksay's own words."""
    sampling: Sampling = Sampling()
    memory_gb: float = 0.0
    """What it takes while it describes; 0 where nobody has said."""
    verified: tuple[Verified, ...] = ()
    reported: tuple[Reported, ...] = ()
    note: str = ""
    """What the banner says whenever this model speaks."""

    @property
    def is_pinned(self) -> bool:
        return bool(self.sha256)

    @property
    def install_command(self) -> str:
        return "./install.sh" if self.default else f"./install.sh --model {self.name}"


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


SAME = {"lfm2-vl": "lfm2_vl"}
"""An architecture that was renamed: what it was called, and what it is called now."""

SHARED = ("image_tokens", "sampling", "frames", "prompt")
"""What a model may borrow, wherever all registered models of its architecture agree on it."""


def card_for(folder: Path, root: Path = ROOT) -> Card:
    """The card of a registered model's folder; for any other, one that is borrowed from those of its architecture.

    Borrowed are the narrowest loader range and what they agree on. A model whose architecture nobody has registered,
    or whose config.json cannot be read, gets a bare card.
    """
    cards = registered(root)
    where = folder.resolve()
    own = next((card for card in cards.values() if where == home(card, root).resolve()), None)
    return own or _borrowed(Card(_name(where, root), architecture=_architecture(folder)), cards.values())


def _name(folder: Path, root: Path) -> str:
    is_fetched = folder.parent == (root / ".models").resolve()
    return fetched_name(folder) if is_fetched else folder.name


def _architecture(folder: Path) -> str:
    try:
        said = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return said if isinstance(said, str) else ""


def _borrowed(card: Card, cards: Iterable[Card]) -> Card:
    kin = [each for each in cards if card.architecture and _kind(each) == _kind(card)]
    if not kin:
        return card
    agreed = {key: getattr(kin[0], key) for key in SHARED if len({getattr(each, key) for each in kin}) == 1}
    return replace(card, loader=_narrowest([bound for each in kin for bound in each.loader]), **agreed)


def _kind(card: Card) -> str:
    return SAME.get(card.architecture, card.architecture)


def _narrowest(bounds: Iterable[Bound]) -> tuple[Bound, ...]:
    """The latest beginning and the earliest end."""
    ordered = sorted(bounds, key=lambda bound: _numbers(bound.least or bound.before))
    starts, ends = [each for each in ordered if each.least], [each for each in ordered if each.before]
    return (*starts[-1:], *ends[:1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


SHARE = 0.25
"""Of the memory, for a model that nobody chose by name."""
MOST = 0.5
"""Of the memory, for one that somebody did; beyond it the machine would swap."""


def machine_memory() -> int:
    """Bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def fits(card: Card, memory: int) -> bool | None:
    """Whether the model takes at most half of `memory` bytes; None where nobody has said what it takes."""
    return card.memory_gb <= MOST * _gigabytes(memory) if card.memory_gb else None


def choose(memory: int, root: Path = ROOT) -> tuple[Card, str]:
    """The largest installed model that fits, and why it is this one.

    Raises:
        ModelError: there is none, with the command that installs one.
    """
    cards = registered(root).values()
    if card := _largest((card for card in cards if is_installed(card, root)), memory):
        return card, f"{card.name}: the largest installed model that takes {_share(memory)}"
    other, _ = best(memory, root)
    raise ModelError(
        f"no installed model takes {_share(memory)}",
        f"{other.install_command} fetches the largest that does; or give another with --model NAME, or ./run.sh demo",
    )


def best(memory: int, root: Path = ROOT) -> tuple[Card, str]:
    """The largest model that fits, installed or not, and why it is this one.

    Raises:
        ModelError: none fits.
    """
    if card := _largest(registered(root).values(), memory):
        return card, f"{card.name}: the largest model that takes {_share(memory)}"
    raise ModelError(f"no model takes {_share(memory)}", "give one with --model NAME, or ./run.sh demo")


def _largest(cards: Iterable[Card], memory: int) -> Card | None:
    """Of two of a size it is the later table: each family is listed oldest first."""
    room = SHARE * _gigabytes(memory)
    fitting = [card for card in cards if 0 < card.memory_gb <= room and card.verified and not card.folder]
    return max(reversed(fitting), key=lambda card: card.memory_gb, default=None)


def _share(memory: int) -> str:
    return f"at most a quarter of this machine's {_gigabytes(memory):.0f} GB"


def _gigabytes(memory: int) -> float:
    """As machines are sold: of 2³⁰ bytes."""
    return memory / 2**30
