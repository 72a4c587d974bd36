"""A real network camera on loopback: an MJPEG stream over HTTP that can hang, die and come back."""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Self

import cv2

from tests.sources.clips import numbered


class MjpegServer:
    """Serves /live (endless pictures), /text, /clip (a file, if one is given); everything else is 404, /shut 401."""

    def __init__(self, port: int = 0, clip: Path | None = None, fps: float = 30.0) -> None:
        self.clip = clip
        self.fps = fps
        self.is_hung = Event()
        self.is_dead = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (_Handler,), {"owner": self}))
        self._server.daemon_threads = False
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_dead.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def url(self, path: str, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.port}{path}"


class _Handler(BaseHTTPRequestHandler):
    owner: MjpegServer

    def do_GET(self) -> None:
        serve = {"/live": self._live, "/text": self._text, "/clip": self._clip}.get(self.path.partition("?")[0])
        if self.path == "/shut":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
        elif serve is None:
            self.send_error(404)
        else:
            serve()

    def _live(self) -> None:
        self._begin("multipart/x-mixed-replace; boundary=cut")
        number = 0
        while not self.owner.is_dead.is_set():
            if not self.owner.is_hung.is_set():
                if not self._send(number):
                    return
                number += 1
            time.sleep(1 / self.owner.fps)

    def _send(self, number: int) -> bool:
        jpeg = cv2.imencode(".jpg", numbered(number % 256))[1].tobytes()
        head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
        try:
            self.wfile.write(head + jpeg + b"\r\n")
        except OSError:
            return False
        return True

    def _text(self) -> None:
        self._begin("text/plain")
        self.wfile.write(b"this is not a video\n" * 100)

    def _clip(self) -> None:
        self._begin("video/x-msvideo")
        self.wfile.write(self.owner.clip.read_bytes())

    def _begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
