"""Standalone program: serve a GGUF pair over HTTP with xllamacpp, llama.cpp's server from a wheel.

    python xllamacpp_server.py -m FILE [--mmproj FILE] [-np N] [-c N] [-t N] [--image-max-tokens N] --host HOST --port N

It takes llama-server's own flags, as far as server.py uses them, and the API key from LLAMA_API_KEY. It runs as a child
process because loading holds the GIL, and because several servers in one process have hung. Standard error carries
llama.cpp's errors and nothing else. The exit status is 1 if loading fails and 126 if xllamacpp cannot be imported.
"""

import argparse
import os
import signal
import sys
import time

CANNOT_RUN = 126
ERRORS_ONLY = 1
"""llama.cpp's log level."""
LOG_S, POLL_S = 0.2, 0.5


def main() -> int:
    parent, options = os.getppid(), parsed()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # a Python handler would have to wait for the GIL
    try:
        import xllamacpp
    except ImportError as failure:  # a missing system library, such as libgomp
        print(failure, file=sys.stderr)
        return CANNOT_RUN
    params = xllamacpp.CommonParams()
    params.model.path, params.mmproj.path = options.model, options.mmproj
    params.hostnames, params.port = [options.host], options.port
    params.api_keys = [key] if (key := os.environ.get("LLAMA_API_KEY")) else []
    params.n_parallel, params.n_ctx = options.parallel, options.context
    params.image_max_tokens = options.image_max_tokens
    params.cpuparams.n_threads = options.threads
    params.cache_ram_mib = 0  # see server.py
    params.offline, params.ui, params.endpoint_slots = True, False, False
    params.verbosity = ERRORS_ONLY
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:  # its words are always the same; the reason is in the log, which a C++ thread writes
        time.sleep(LOG_S)
        return 1
    assert server.listening_address, "it listens from the end of its constructor on"
    while os.getppid() == parent:
        time.sleep(POLL_S)
    os._exit(0)  # the destructor of `server` would wait for every answer under way


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("-m", dest="model", required=True)
    parser.add_argument("--mmproj", default="")
    parser.add_argument("-np", dest="parallel", type=int, default=1)
    parser.add_argument("-c", dest="context", type=int, default=0, help="of all slots together; 0: the model's own")
    parser.add_argument("-t", dest="threads", type=int, default=-1, help="-1: llama.cpp decides")
    parser.add_argument("--image-max-tokens", type=int, default=-1, help="-1: the model's own")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--no-webui", action="store_true", help="always so")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
