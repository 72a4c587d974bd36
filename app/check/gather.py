"""Gather everything that `check` reports on. A question that fails is an `unknown` finding and never a traceback."""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.check import device, machine, packages, parts
from app.check.findings import Facts, Finding, unknown
from app.files import ROOT

IS_MAC = sys.platform == "darwin"


def findings(facts: Facts) -> list[Finding]:
    """Ask everything once, one after the other; takes as long as importing MLX and listing the cameras."""
    questions: list[tuple[str, Callable[[], Finding]]] = [
        ("system", system),
        ("memory", lambda: machine.memory(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))),
        ("disk", lambda: machine.disk(shutil.disk_usage(ROOT).free, ROOT)),
        ("Python", python),
        *((name, partial(package, name)) for name in packages.WATCHED),
        ("MLX device", computing),
        ("model", lambda: parts.model(facts.model())),
        ("camera", lambda: parts.cameras(facts.cameras(), IS_MAC)),
        ("voice", lambda: parts.voice(facts.voice(), IS_MAC)),
        ("terminal", terminal),
    ]
    return [answered(name, question) for name, question in questions]


def answered(name: str, question: Callable[[], Finding]) -> Finding:
    """The answer, or that there is none, and why."""
    try:
        return question()
    except Exception as failure:  # noqa: BLE001 — a report on a broken machine must still be printed
        return unknown(name, failure)


def system() -> Finding:
    release = platform.mac_ver()[0] if IS_MAC else platform.release()
    return machine.system(platform.system(), release, platform.machine())


def python() -> Finding:
    is_own = Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()
    return machine.python(sys.version_info[:3], is_own, sys.prefix)


def package(name: str) -> Finding:
    has, pinned = packages.installed(name), packages.pins()
    if name == packages.OPENCV:
        return packages.opencv(has, pinned, packages.opencv_refusal())
    return packages.package(name, has, pinned)


def computing() -> Finding:
    is_metal, name = device.device()
    return device.computing(is_metal, name, sys.platform == "linux", os.environ.get("LD_PRELOAD", ""))


def terminal() -> Finding:
    program = os.environ.get("TERM_PROGRAM") or os.environ.get("TERM", "")
    return machine.terminal(program, sys.stdout.isatty(), sys.stdout.encoding, IS_MAC)
