"""Paths that a person types, and files of theirs: opened without hanging, explained when they cannot be.

Every option that takes a path goes through here, so that each failure is worded once. What opens a file raises the
system's OSError; the caller makes its own kind of error of it with `explain`.
"""

import errno
import os
import select
import shlex
import stat
import sys
import time
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO, Literal
from unicodedata import category, normalize

from app.errors import OutputError, UsageError, UserError

ROOT = Path(__file__).parents[1]
"""The project's folder."""
SMALL = 1 << 20
"""Bytes of a file that is read whole: settings and certificates are far smaller."""
PIPE_S = 5.0
"""How long a pipe may take to deliver a small file."""
Verb = Literal["read", "written"]

REASONS = {
    errno.ELOOP: ("{name} is a symbolic link that leads back to itself", "name the {kind} itself"),
    errno.ENAMETOOLONG: (
        "the file name is too long: {start}…",
        "255 bytes are the most; if other text got into it, check the quotation marks",
    ),
    errno.EISDIR: ("{name} is a folder", "name a {kind} in it"),
    errno.EEXIST: ("{cannot}: a file of that name is in the way", "rename it, or name another {kind}"),
    errno.EROFS: ("{cannot}: its disk is read-only", "name a {kind} on another disk"),
    errno.ENOSPC: ("{cannot}: the disk is full", "make room on the disk of {folder}, or name another {kind}"),
    errno.ENXIO: ("{cannot}: no program is at the other end", "start the program that reads it first: cat {typed}"),
    errno.ESPIPE: ("{cannot}: it is a pipe or a device, and must be a file", "name another {kind}"),
}
"""Message and hint by the system's error number."""
REASONS[errno.EDQUOT] = REASONS[errno.ENOSPC]


def user_path(text: str | Path, error: type[UserError] = UsageError) -> Path:
    """The path that a person typed, with `~` and `~user` expanded. Nothing need exist there.

    Raises:
        error: the text is empty, names an unknown user, or contains a NUL character.
    """
    typed = str(text)
    if not typed:
        raise error("the file name is empty", "give a path; in a script, check that its variable is set")
    if "\0" in typed:
        raise error(f"{readable(typed)} cannot be a file name: it contains a NUL character", "correct the name")
    try:
        return Path(typed).expanduser()
    except RuntimeError as failure:
        user = readable(typed.split("/")[0])
        hint = f"your own home folder is ~/; for a file whose name begins with ~, type ./{readable(typed)}"
        raise error(f"{readable(typed)}: no home folder is known for {user}", hint) from failure


def readable(name: str | os.PathLike[str]) -> str:
    r"""A file name for people: printable, on one line. Odd spaces become a space, what cannot be seen `\n`, `\xff`…"""
    return "".join(map(_readable, os.fspath(name)))


def _readable(one: str) -> str:
    if one.isprintable():
        return one
    if category(one) == "Zs":  # macOS puts U+202F into the names of its screenshots
        return " "
    return f"\\x{ord(one) - 0xDC00:02x}" if "\udc80" <= one <= "\udcff" else ascii(one)[1:-1]


def is_appledouble(name: str | os.PathLike[str]) -> bool:
    """Whether macOS keeps another file's attributes in it, as on USB sticks: `._NAME`. Never a model or a picture."""
    return os.path.basename(name).startswith("._")


def explain(failure: Exception, path: Path, kind: str = "file", verb: Verb = "read") -> tuple[str, str]:
    """Message and hint for a path that cannot be read or written; what a UserError is made of.

    `failure`: an OSError, or the UnicodeError of a file that should be text. `kind`: what is expected there.
    """
    name, code = readable(path), getattr(failure, "errno", None)
    cannot = f"{name} cannot be {verb}"
    if isinstance(failure, UnicodeError):
        return f"{name} is not a text file in UTF-8", f"name another {kind}"
    if code == errno.ENOENT:
        return _missing(path, kind, verb)
    if code == errno.ENOTDIR:
        file = next((each for each in reversed(path.parents) if os.path.exists(each) and not os.path.isdir(each)), path)
        return f"no such {kind}: {name} ({readable(file)} is not a folder)", "check the path"
    if code in (errno.EACCES, errno.EPERM):
        return _denied(path, cannot, verb)
    reason = (getattr(failure, "strerror", None) or str(failure) or type(failure).__name__).rstrip(".")
    message, hint = REASONS.get(code or 0, ("{cannot}: {reason}", "name another {kind}"))
    words = {"name": name, "start": name[:40], "kind": kind, "cannot": cannot, "reason": reason}
    words |= {"typed": _typed(path), "folder": _typed(path.parent.absolute())}
    return message.format_map(words), hint.format_map(words)


def _typed(path: Path) -> str:
    """A path as a command in a hint has it."""
    return shlex.quote(readable(path))


def _missing(path: Path, kind: str, verb: Verb) -> tuple[str, str]:
    name, folder = readable(path), path.parent
    if os.path.islink(path):
        return f"{name} is a link to {readable(os.readlink(path))}, which does not exist", f"name the {kind} itself"
    if verb == "written":
        return f"{name} cannot be written: no such folder: {readable(folder)}", f"mkdir -p {_typed(folder)}"
    if not os.path.lexists(folder):
        return f"no such {kind}: {name} (no such folder: {readable(folder)})", did_you_mean(folder)
    return f"no such {kind}: {name}", did_you_mean(path)


def did_you_mean(path: Path, others: Sequence[str] = ()) -> str:
    """A hint: what is there under a similar name, or which of `others` may be meant."""
    try:
        there = [each for each in os.listdir(path.parent) if not is_appledouble(each)]
    except OSError:
        there = []
    alike = [each for each in there if _folded(each) == _folded(path.name)]
    stems = {Path(each).stem: each for each in (*there, *others)}  # a common ending makes no likeness
    close = alike or [stems[each] for each in get_close_matches(path.stem, stems, n=1, cutoff=0.7)]
    if not close:
        return "check the spelling, and quote a name that contains spaces"
    found = readable(path.with_name(close[0])) if close[0] in there else close[0]
    if found != readable(path):
        return f"did you mean {found}?"
    return (
        "a file there has a name that only looks the same, with the narrow space of macOS's screenshots for one; "
        "let Tab complete it, or type * in place of the space"
    )


def _folded(name: str) -> str:
    return " ".join(normalize("NFKC", name).casefold().split())


def _denied(path: Path, cannot: str, verb: Verb) -> tuple[str, str]:
    shut = next((each for each in reversed(path.parents) if _is_shut(each)), None)
    if shut is None and verb == "written" and not os.path.lexists(path):
        shut = path.parent
    right = "rwx" if shut and verb == "written" else "rx" if shut or os.path.isdir(path) else verb[0]
    hint = f"chmod u+{right} {_typed(shut or path)}"
    if sys.platform == "darwin":
        settings = "System Settings > Privacy & Security > Files and Folders"
        hint = f"allow your terminal in {settings}, and start it again; if it is allowed there: {hint}"
    return f"{cannot}: permission denied{f' for the folder {readable(shut)}' if shut else ''}", hint


def _is_shut(folder: Path) -> bool:
    """Whether it may not be entered."""
    try:
        os.stat(os.path.join(folder, "."))
    except OSError as failure:
        return isinstance(failure, PermissionError)
    return False


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, also by links; the files need not exist yet."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def open_to_read(path: Path, *, is_pipe_fine: bool = True) -> int:
    """A descriptor; of a pipe, without waiting for a program that writes to it. Raises OSError, also for a folder."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(file).st_mode
    code = errno.EISDIR if stat.S_ISDIR(mode) else 0 if is_pipe_fine or stat.S_ISREG(mode) else errno.ESPIPE
    if code:
        os.close(file)
        raise OSError(code, os.strerror(code), str(path))
    return file


def read_small(path: Path, most: int = SMALL, *, is_pipe_fine: bool = True) -> bytes:
    """All of a file, or of a pipe (`<(command)`) that delivers it in time.

    Raises:
        OSError: it cannot be read, has more than `most` bytes, or nothing whole comes out of it.
    """
    with os.fdopen(open_to_read(path, is_pipe_fine=is_pipe_fine), "rb", buffering=0) as file:
        return read_all(file.fileno(), most, PIPE_S, PIPE_S)


def read_all(file: int, most: int, begin_s: float, whole_s: float) -> bytes:
    """All that comes from a descriptor of `open_to_read`: the first byte within `begin_s`, the last within `whole_s`.

    Raises:
        OSError: EFBIG, it is more than `most` bytes; ETIMEDOUT, it took too long.
    """
    is_pipe, began, read = stat.S_ISFIFO(os.fstat(file).st_mode), time.monotonic(), bytearray()
    while len(read) <= most:
        if time.monotonic() - began > (whole_s if read else begin_s):
            raise TimeoutError(errno.ETIMEDOUT, "nothing whole came out of this pipe or device in time")
        try:
            chunk = os.read(file, 1 << 16) if select.select([file], [], [], 0.05)[0] else None
        except BlockingIOError:
            continue
        if chunk == b"" and (read or not is_pipe):
            return bytes(read)
        if chunk == b"":  # its other end has not been opened yet
            time.sleep(0.05)
        read += chunk or b""
    raise OSError(errno.EFBIG, f"it has more than {most:,} bytes")


def read_private(path: Path) -> str:
    """The text of a file with a secret. It is opened first and judged then, so that it cannot be swapped in between.

    Raises:
        UsageError: it cannot be read, is no ASCII text, or others may read or own it.
    """
    try:
        with os.fdopen(open_to_read(path), "rb", buffering=0) as file:
            about = os.fstat(file.fileno())
            if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or about.st_uid != os.geteuid():
                message = f"others may read or own {readable(path)}, which holds a key"
                raise UsageError(message, f"chmod 600 {_typed(path)}, as its owner")
            return read_all(file.fileno(), 4096, PIPE_S, PIPE_S).decode("ascii")
    except (OSError, UnicodeError) as failure:
        raise UsageError(*explain(failure, path, "key file")) from failure


def open_own(path: Path, flags: int, is_own: Callable[[BinaryIO], bool], *, is_pipe_fine: bool = True) -> int:
    """A descriptor to write to: of a new or empty file, of one whose content `is_own`, of a pipe or a terminal.

    Raises:
        OSError: it cannot be opened; ENXIO for a pipe that no program reads.
        OutputError: looksay did not write what is in it.
    """
    if not is_pipe_fine and path.is_fifo():
        raise OSError(errno.ESPIPE, os.strerror(errno.ESPIPE), str(path))
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | flags, 0o644)
    try:
        about = os.fstat(file)
        if stat.S_ISBLK(about.st_mode) or (about.st_size and stat.S_ISREG(about.st_mode) and not _is_own(path, is_own)):
            message = f"{readable(path)} was not written by looksay, so it stays as it is"
            raise OutputError(message, "name another file; it need not exist yet")
        os.set_blocking(file, True)
    except BaseException:
        os.close(file)
        raise
    return file


def _is_own(path: Path, is_own: Callable[[BinaryIO], bool]) -> bool:
    with path.open("rb") as content:
        return is_own(content)
