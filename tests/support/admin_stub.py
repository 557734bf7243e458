"""An admin listener that says what a test wants, in a thread; it can go and come back."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        stub = cast("_Server", self.server).stub
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        stub.asked.append((parts.path, query))
        status, value = stub.answer(parts.path, query)
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, stub: "AdminStub") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.stub = stub


class AdminStub:
    """`answer` is called for each GET with its path and query, and gives status and value."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.value: Any = {}
        self.port = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def answer(self, _path: str, _query: dict[str, str]) -> tuple[int, Any]:
        """`value`, unless a test replaces this."""
        return 200, self.value

    @property
    def address(self) -> str:
        """Where it listens, also while it is away."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; again at the same port."""
        self._server = _Server(self.port, self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Be away."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None
