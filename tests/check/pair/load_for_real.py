"""Loads a GGUF pair with llama_cpp and prints `loads` or `refuses`: python load_for_real.py MODEL [MMPROJ]."""

import sys

import llama_cpp
from llama_cpp import mtmd_cpp


def main(text: str, mmproj: str = "") -> str:
    model = llama_cpp.llama_model_load_from_file(text.encode(), llama_cpp.llama_model_default_params())
    if not model:
        return "refuses"
    params = mtmd_cpp.mtmd_context_params_default()
    params.use_gpu = params.warmup = False
    return "loads" if not mmproj or mtmd_cpp.mtmd_init_from_file(mmproj.encode(), model, params) else "refuses"


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
