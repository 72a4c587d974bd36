"""The installed llama.cpp, and the one question put to it: does it know this projector?

No table of projectors is kept here, for it would be out of date within weeks. libmtmd is shown a mmproj of 200 bytes
that names the projector and holds nothing else. One that it knows it misses the rest of; one that it does not know it
calls "unknown projector type". A projector that nobody has is asked first: unless that is refused in those words, the
answer means nothing.
"""

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from app.models.corrupt_file import short

ASK = Path(__file__).with_name("projector_probe_child.py")
NAMES = ("libmtmd.dylib", "libmtmd.so")
PACKAGE = "xllamacpp"
"""A wheel; its one library has all of llama.cpp in it, libmtmd's functions too."""
UNKNOWN = "unknown projector type"
NOBODYS = "looksay-asks"
"""A projector that no llama.cpp knows."""
TIMEOUT_S = 20.0
"""An answer takes half a second; longer on a Mac that is busy, or that sees the library for the first time."""


class CannotSay(Exception):
    """The library gave no answer that could be understood; the message tells why."""


def installed() -> Path | None:
    """libmtmd of what --backend llama would start: of llama-server if it is on PATH, else of xllamacpp."""
    server = shutil.which("llama-server")
    return next(_beside(Path(server).resolve()) if server else _in_package(), None)


def has_server() -> bool:
    """Whether llama-server is on PATH; one that was linked into a single file has no libmtmd beside it."""
    return shutil.which("llama-server") is not None


def knows(library: Path, projector: str, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether this libmtmd has the projector.

    Raises:
        CannotSay: it crashed, hung, lacks a function, or speaks otherwise than expected.
    """
    with TemporaryDirectory(prefix="looksay-") as folder:
        stubs = [_stub(Path(folder, name), words) for name, words in (("control", NOBODYS), ("asked", projector))]
        said = _show(library, stubs, timeout_s)
    before, _, after = said.partition(str(stubs[1]) + "\n")
    if UNKNOWN not in before:
        raise CannotSay("it takes any projector for known, or fails before it looks")
    return UNKNOWN not in after


def _beside(server: Path) -> Iterator[Path]:
    """Where libmtmd lies: beside llama-server (released archives), or in lib beside that folder (Homebrew)."""
    folders = (server.parent, server.parent.parent / "lib")
    return (folder / name for folder in folders for name in NAMES if (folder / name).is_file())


def _in_package() -> Iterator[Path]:
    package = find_spec(PACKAGE)
    for folder in (package.submodule_search_locations if package else None) or ():
        yield from Path(folder).glob(f"{PACKAGE}.*.so")  # so called on a Mac, too


def _show(library: Path, stubs: list[Path], timeout_s: float) -> str:
    """What the library says of the files, each under a line with its name."""
    try:
        child = subprocess.run(
            [sys.executable, "-I", str(ASK), str(library), *map(str, stubs)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=stubs[0].parent,  # ggml also looks for libraries in the folder it is started in
            env=os.environ | {"GGML_NO_BACKTRACE": "1"},
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotSay(f"it did not answer within {timeout_s:.0f} s") from None
    said = child.stderr.decode("utf-8", "replace")
    if child.returncode:
        raise CannotSay(f"it ended with status {child.returncode}{_last_words(said, stubs)}")
    if b"loaded" in child.stdout:
        raise CannotSay("it loads a file that holds nothing")
    return said


def _last_words(said: str, stubs: list[Path]) -> str:
    """The last line that is not ours: it tells most of a traceback or an assertion."""
    lines = [line.strip() for line in said.split("\n") if Path(line) not in stubs]
    return next((f": {short(line, 200)}" for line in reversed(lines) if line), "")


def _stub(path: Path, projector: str) -> Path:
    """A GGUF file with three keys and no tensor."""
    keys = [
        _text("general.architecture") + struct.pack("<I", 8) + _text("clip"),
        _text("clip.has_vision_encoder") + struct.pack("<I?", 7, True),
        _text("clip.projector_type") + struct.pack("<I", 8) + _text(projector),
    ]
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + b"".join(keys))
    return path


def _text(content: str) -> bytes:
    raw = content.encode()
    return struct.pack("<Q", len(raw)) + raw
