"""A program of its own: shows files to a libmtmd and lets it say on stderr what it thinks of them.

    python projector_probe_child.py LIBRARY FILE...

Run as a child, because llama.cpp ends the whole process where one of its assertions fails. Before each file a line
with its name goes to stderr, after each a word to stdout: `refused` or `loaded`. It imports nothing of looksay, and
judges nothing.
"""

import ctypes
import sys
from pathlib import Path


class Params(ctypes.Structure):
    """`mtmd_context_params`, whose fields change from version to version: 512 bytes, where the longest yet has 96.

    It comes back through a hidden pointer and goes in as the last argument, so what is too much is never looked at,
    neither on x86-64 nor on arm64. Only its first field is named, which has always been `bool use_gpu`.
    """

    _fields_ = (("use_gpu", ctypes.c_bool), ("rest", ctypes.c_uint64 * 63))


def main(library: str, *files: str) -> None:
    mtmd = ctypes.CDLL(library)
    load_backends(mtmd, Path(library).parent)
    mtmd.mtmd_context_params_default.restype = Params
    mtmd.mtmd_init_from_file.argtypes = (ctypes.c_char_p, ctypes.c_void_p, Params)
    mtmd.mtmd_init_from_file.restype = ctypes.c_void_p
    for file in files:
        print(file, file=sys.stderr, flush=True)
        params = mtmd.mtmd_context_params_default()
        params.use_gpu = False
        context = mtmd.mtmd_init_from_file(file.encode(), None, params)
        print("loaded" if context else "refused", flush=True)


def load_backends(mtmd: ctypes.CDLL, folder: Path) -> None:
    """Homebrew's llama.cpp and the released archives keep even the CPU's part in a library that is loaded at will."""
    for name, arguments in (
        ("ggml_backend_load_all_from_path", (str(folder).encode(),)),
        ("ggml_backend_load_all", ()),
    ):
        if hasattr(mtmd, name):
            getattr(mtmd, name)(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
