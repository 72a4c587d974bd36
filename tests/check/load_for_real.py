"""Load a GGUF pair with the llama.cpp in the xllamacpp wheel: python load_for_real.py MODEL [MMPROJ].

Prints `loads` or `refuses`. It calls the C functions, because the wheel's server also runs the model while it loads,
and the tests' models have no weights worth running.
"""

import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path


class ModelParams(ctypes.Structure):
    """`llama_model_params`: taken as it is by default, and shorter than this (app/check/projector_probe_child.py)."""

    _fields_ = (("all", ctypes.c_uint64 * 64),)


class EyesParams(ctypes.Structure):
    """`mtmd_context_params`, as far as its field `warmup`."""

    _fields_ = (
        ("use_gpu", ctypes.c_bool),
        ("device", ctypes.c_void_p),
        ("print_timings", ctypes.c_bool),
        ("n_threads", ctypes.c_int),
        ("image_marker", ctypes.c_char_p),
        ("media_marker", ctypes.c_char_p),
        ("flash_attn_type", ctypes.c_int),
        ("warmup", ctypes.c_bool),
        ("rest", ctypes.c_uint64 * 60),
    )


def main(text: str, mmproj: str = "") -> str:
    llama = library()
    llama.llama_model_default_params.restype = ModelParams
    llama.llama_model_load_from_file.argtypes = (ctypes.c_char_p, ModelParams)
    llama.mtmd_context_params_default.restype = EyesParams
    llama.mtmd_init_from_file.argtypes = (ctypes.c_char_p, ctypes.c_void_p, EyesParams)
    llama.llama_model_load_from_file.restype = llama.mtmd_init_from_file.restype = ctypes.c_void_p
    model = llama.llama_model_load_from_file(text.encode(), llama.llama_model_default_params())
    if not model:
        return "refuses"
    params = llama.mtmd_context_params_default()
    assert (params.flash_attn_type, params.warmup) == (-1, True), "its layout has changed"
    params.use_gpu = params.warmup = False
    return "loads" if not mmproj or llama.mtmd_init_from_file(mmproj.encode(), model, params) else "refuses"


def library() -> ctypes.CDLL:
    package = find_spec("xllamacpp")
    assert package is not None
    assert package.origin is not None
    return ctypes.CDLL(str(next(Path(package.origin).parent.glob("xllamacpp.*.so"))))


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
