"""The machine: system, memory, disk, Python, terminal. Judgements on facts that are given."""

from pathlib import Path

from app.check.findings import Finding

MACOS_FLOOR = (14, 0)
"""mlx 0.32 has wheels for macOS 14 and later, on arm64 only."""
PYTHONS = ((3, 11), (3, 13))
"""Oldest and newest Python that pyproject.toml allows."""
GIGABYTE = 1e9
MEMORY_LEAST = 8 * GIGABYTE
DISK_LEAST = 3 * GIGABYTE
"""A model is downloaded and then converted, so that it lies on the disk twice for a while."""


def system(kind: str, release: str, processor: str) -> Finding:
    """`kind` as platform.system() names it; `release` of macOS (14.5) or of the kernel."""
    if kind == "Darwin":
        return macos(release, processor)
    if kind == "Linux":
        return Finding(
            "system",
            "note",
            f"Linux {release} on {processor}: good for the demo and the tests; looksay is made for Apple Silicon Macs",
        )
    return Finding(
        "system",
        "bad",
        f"{kind} {release} on {processor}: MLX has no wheels for it",
        "use a Mac with Apple Silicon, or Linux",
    )


def macos(release: str, processor: str) -> Finding:
    said = f"macOS {release} on {processor}"
    if processor != "arm64":
        return Finding(
            "system",
            "bad",
            f"{said}: MLX runs on Apple Silicon alone, or this Python runs under Rosetta",
            "on Apple Silicon, in a terminal that does not use Rosetta: ./install.sh clean && ./install.sh",
        )
    if numbers(release) < MACOS_FLOOR:
        return Finding(
            "system",
            "bad",
            f"{said}: MLX needs macOS 14 or later",
            "update it in System Settings, General, Software Update",
        )
    return Finding("system", "ok", said)


def numbers(release: str) -> tuple[int, ...]:
    """14.5.1 → (14, 5, 1); what is no number ends it."""
    parts = release.split(".")
    return tuple(int(part) for part in parts if part.isdigit())


def memory(size: float) -> Finding:
    """`size` in bytes."""
    said = f"{size / GIGABYTE:.0f} GB"
    if size < MEMORY_LEAST:
        return Finding("memory", "note", f"{said}: little for models beyond the smallest", "close other programs")
    return Finding("memory", "ok", said)


def disk(free: float, folder: Path) -> Finding:
    """`free` bytes where `folder` lies."""
    said = f"{free / GIGABYTE:.1f} GB free in {folder}"
    if free < DISK_LEAST:
        return Finding("disk", "note", f"{said}: too little to install a model", "make room: 3 GB are enough")
    return Finding("disk", "ok", said)


def python(version: tuple[int, int, int], is_own: bool, prefix: str) -> Finding:
    """`is_own`: it runs in the environment that install.sh made, at `prefix`."""
    said = f"{'.'.join(map(str, version))} in {prefix}"
    oldest, newest = PYTHONS
    if not oldest <= version[:2] <= newest:
        return Finding("Python", "bad", f"{said}: looksay needs 3.11 to 3.13", "./install.sh chooses one that fits")
    if not is_own:
        return Finding("Python", "note", f"{said}: not the one that ./install.sh set up", "start looksay with ./run.sh")
    return Finding("Python", "ok", said)


def terminal(program: str, is_terminal: bool, encoding: str, is_mac: bool) -> Finding:
    """`program` as TERM_PROGRAM names it; `encoding` of standard output."""
    said = f"{program or 'unnamed'}, {encoding}{'' if is_terminal else ', output is piped'}"
    if is_mac:
        said += "; macOS asks for the camera in the name of this program"
    if encoding.lower().replace("-", "") != "utf8":
        return Finding("terminal", "note", f"{said}: letters beyond ASCII may be lost", "export PYTHONUTF8=1")
    return Finding("terminal", "ok", said)
