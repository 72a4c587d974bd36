"""A copy of the scripts in a folder with a space in its name, on a machine that is made up.

PATH holds only ordinary tools (those of the system, or busybox's) and stand-ins: small executables that answer as
uname, uv, brew … would, and write down that they were called. Nothing is fetched.
"""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
# No cksum: busybox has none.
TOOLS = """awk basename cat chmod cmp cp cut date dirname du env find grep head ln ls mkdir mv
readlink rm rmdir sed sleep sort tail touch tr"""

UNAME = 'case "$1" in -s) echo {system} ;; -m) echo {machine} ;; -sm) echo {system} {machine} ;; esac'
DF = """echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
echo "{filesystem} 900000000 1 {free_kb} 24% /Volumes/My Disk" """

# Answers as a Python would that install.sh finds, and as the one in .venv.
PYTHON = """case "$*" in
    *_base_executable* | *sys.executable*) echo "$0" ;;
    *platform.python_version*) echo "3.12.1, $0" ;;
    *ctypes*) cat "$STAGE/lacks" 2>/dev/null || true ;;
    *"import xllamacpp"*) [ ! -e "$STAGE/has-no-libgomp" ] || {{ echo "ImportError: libgomp.so.1"; exit 1; }} ;;
    *check_usage*) [ ! -e "$STAGE/mistyped" ] || {{ echo "error: made up" >&2; exit 2; }} ;;
    *"import mlx_vlm"*) [ ! -e "$STAGE/does-not-load" ] || {{ echo "ImportError: made up"; exit 1; }} ;;
    *"pip --python"*) [ ! -e "$STAGE/no-network" ] || {{ echo "no route to host"; exit 1; }} ;;
    *"pip install"*) [ ! -e "$STAGE/no-network" ] || {{ echo "no route to host"; exit 1; }}
        while [ "$1" != --target ]; do shift; done
        mkdir -p "$2/bin" && cp "$STAGE/uv" "$2/bin/uv" ;;
    *app.models.install*) [ ! -e "$STAGE/fetch-says" ] || exit "$(cat "$STAGE/fetch-says")"
        mkdir -p "$PYTHONPATH/.models" && echo "{{}}" >"$PYTHONPATH/.models/lock.json" ;;
    *app.models.best*) [ -e "$STAGE/best-says" ] || {{ echo "error: made up" >&2; exit 1; }}
        echo "because" >&2; cat "$STAGE/best-says" ;;
    *"-m app check"*) echo "checked $4, offline $HF_HUB_OFFLINE"
        exit "$(cat "$STAGE/check-says" 2>/dev/null || echo 0)" ;;
    *"-m app"*) cat >"$STAGE/input"; env >"$STAGE/environment"; pwd >"$STAGE/folder"; shift 2; printf '[%s]' "$@" ;;
    *"-m ruff"* | *"-m mypy"* | *"-m pytest"*)
        printf '%s' "${{LOOKSAY_ENGINES-}}" >"$STAGE/engines"
        echo "$HF_HUB_OFFLINE"; [ ! -e "$STAGE/tests-fail" ] ;;
esac"""

UV = """case "$*" in
    --version) echo "uv {version} (made up)" ;;
    *only-managed*) [ ! -e "$STAGE/no-download" ] || {{ echo "error: dns error"; exit 2; }}
        mkdir -p .venv/bin && cp "$STAGE/python" .venv/bin/python
        cp "$STAGE/shellcheck" .venv/bin/ && cp "$STAGE/shellcheck" .venv/bin/lint-imports ;;
    venv*) mkdir -p .venv/bin && cp "$STAGE/python" .venv/bin/python ;;
    "pip install"*) [ ! -e "$STAGE/no-network" ] || {{ echo "error: dns error"; exit 2; }} ;;
    "pip sync"*) [ ! -e "$STAGE/no-network" ] || {{ echo "error: dns error"; exit 2; }}
        while [ -e "$STAGE/slow" ]; do touch "$STAGE/started"; sleep 0.1; done
        echo " + numpy==1"; echo "Installed 66 packages in 4 s" ;;
esac"""

BREW = """case "$1" in
    --prefix) echo "$STAGE/homebrew" ;;
    install) mkdir -p "$STAGE/homebrew/bin"; cp "$STAGE/uv" "$STAGE/homebrew/bin/uv" ;;
esac"""


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    err: str


class Stage:
    """The made-up machine: a Mac with Apple Silicon, macOS 14 and uv, until it is told otherwise."""

    def __init__(self, base: Path, shell: str) -> None:
        self.shell = shell
        self.base = base
        self.home = base / "look say"
        self.bin = base / "bin"
        self.bin.mkdir()
        self._tools()
        self._scripts()
        self.machine("Darwin", "arm64")
        self.stand_in("sw_vers", "echo 14.5")
        self.stand_in("sysctl", "exit 1")
        self.stand_in("xcode-select", "echo /Library/Developer/CommandLineTools")
        self.stand_in("curl", "exit 1")
        self.disk(free_mb=50_000)
        self._prepared("uv", UV.format(version="0.13.8"))
        self._prepared("python", PYTHON.format())
        self._prepared("shellcheck", "true")
        self.stand_in("uv", UV.format(version="0.13.8"))

    def machine(self, system: str, machine: str) -> None:
        self.stand_in("uname", UNAME.format(system=system, machine=machine))

    def disk(self, free_mb: int, filesystem: str = "//user@server/My Share") -> None:
        self.stand_in("df", DF.format(filesystem=filesystem, free_kb=free_mb * 1024))

    def stand_in(self, name: str, body: str) -> None:
        """Put an executable on PATH that writes down its name and arguments, then does what `body` says."""
        self._write(self.bin / name, f'echo "{name} $*" >>"$STAGE/calls"\n{body}')

    def without(self, *names: str) -> None:
        for name in names:
            (self.bin / name).unlink(missing_ok=True)

    def say(self, name: str, content: str = "") -> Path:
        """Leave a note that the stand-ins read: no-network, no-download, slow, fetch-says, best-says, check-says …"""
        (self.base / name).write_text(content)
        return self.base / name

    def calls(self) -> list[str]:
        notes = self.base / "calls"
        return notes.read_text().splitlines() if notes.exists() else []

    def has_called(self, beginning: str) -> bool:
        return any(call.startswith(beginning) for call in self.calls())

    def forget_calls(self) -> None:
        (self.base / "calls").unlink(missing_ok=True)

    def install(self, *arguments: str, **environment: str) -> Outcome:
        return self.run(self.home / "install.sh", *arguments, cwd=None, **environment)

    def run(self, script: Path, *arguments: str, cwd: Path | None = None, **environment: str) -> Outcome:
        process = self.start(script, *arguments, cwd=cwd, **environment)
        out, err = process.communicate(timeout=120)
        return Outcome(process.returncode, out, err)

    def start(
        self,
        script: Path,
        *arguments: str,
        cwd: Path | None = None,
        stdin: int = subprocess.DEVNULL,
        **environment: str,
    ) -> subprocess.Popen[str]:
        usual = {"PATH": f"{self.bin}:{self.base / 'tools'}", "STAGE": str(self.base), "HOME": str(self.base)}
        return subprocess.Popen(
            [*self._command(), str(script), *arguments],
            cwd=cwd or self.base,
            env=usual | environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
            preexec_fn=_heed_interrupts,
        )

    def _command(self) -> list[str]:
        first, *rest = SHELLS[self.shell]
        return [str(shutil.which(first)), *rest]

    def _tools(self) -> None:
        """Only these: so that a script which needs more is found out, and no real uv, brew or Python is in reach."""
        folder = self.base / "tools"
        folder.mkdir()
        busybox = shutil.which("busybox") if self.shell == "busybox" else None
        for name in TOOLS.split():
            (folder / name).symlink_to(busybox or str(shutil.which(name)))
        (folder / "sh").symlink_to(self._command()[0])

    def _scripts(self) -> None:
        self.home.mkdir()
        locks = (f"requirements{each}.lock" for each in ("", "-dev", "-uv"))
        for name in ("install.sh", "run.sh", "pyproject.toml", *locks):
            shutil.copy(PROJECT / name, self.home)
        shutil.copytree(PROJECT / "scripts", self.home / "scripts")
        for room in ("app", "tests", "models"):
            (self.home / room).mkdir()

    def _prepared(self, name: str, body: str) -> None:
        """An executable that is not on PATH: the other stand-ins install copies of it."""
        self._write(self.base / name, f'echo "{name} $*" >>"$STAGE/calls"\n{body}')

    def _write(self, path: Path, body: str) -> None:
        path.write_text(f"#!{self.base / 'tools' / 'sh'}\n{body}\n")
        path.chmod(0o755)


def _heed_interrupts() -> None:
    """A background job is started with SIGINT ignored, and shells then cannot trap it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def everything_in(folder: Path) -> dict[str, str]:
    """Each file, folder and link beneath `folder`, with what it holds or leads to."""
    return {str(path.relative_to(folder)): _content(path) for path in sorted(folder.rglob("*"))}


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"-> {os.readlink(path)}"
    return "folder" if path.is_dir() else path.read_text(errors="replace")
