"""A stand-in for llama-server: an executable of that name which takes its arguments and answers as its files say."""

import os
import stat
import sys
from pathlib import Path

PROGRAM = """#!/bin/sh
''':'  # a path with a space in it cannot stand behind #!
exec "{python}" "$0" "$@"
'''
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
folder = Path(__file__).parent
(folder / "argv.json").write_text(json.dumps(sys.argv[1:]))
(folder / "pid").write_text(str(os.getpid()))
print("build: 1 (stand-in)")
if Path(given["-m"]).read_bytes() != b"GGUF":
    print("error: failed to load model")
    print("bye")
    sys.exit(3)
asked = []

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        is_ready = len(asked) > 2
        self.answer(*((200, {{"status": "ok"}}) if is_ready else (503, {{"error": {{"message": "Loading model"}}}})))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        pictures = sum(part["type"] == "image_url" for part in body["messages"][0]["content"])
        message = {{"role": "assistant", "content": "A red circle." if pictures else "What?"}}
        self.answer(200, {{"choices": [{{"message": message}}], "usage": {{"prompt_tokens": 9 + 64 * pictures}}}})

    def answer(self, status, content):
        sent = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_): ...

HTTPServer((given["--host"], int(given["--port"])), Handler).serve_forever()
"""


def install(folder: Path) -> Path:
    """Put it into `folder`, which is to be on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "llama-server"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def pair(folder: Path, content: bytes = b"GGUF") -> tuple[Path, Path]:
    """A language model and its eyes, as far as the stand-in looks at them."""
    text, eyes = folder / "small.gguf", folder / "mmproj-small.gguf"
    text.write_bytes(content)
    eyes.write_bytes(b"GGUF")
    return text, eyes


def path_with(folder: Path) -> str:
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def is_running(folder: Path) -> bool:
    """Whether the one in `folder` that was started last still runs."""
    try:
        os.kill(int((folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return False
    return True
