"""Stands for your application in the examples: it calls Supabase, by a base URL from a variable.

`app.py` serves: each request is answered with what Supabase answered. On SIGTERM it calls once
more, as applications do that save their state, and ends. `app.py once` calls and ends, as a job.
"""

import json
import os
import signal
import sys
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

BASE = urlsplit(os.environ["SUPABASE_URL"])  # the sidecar's
KEY = os.environ.get("SUPABASE_ANON_KEY", "")
TARGET = "/rest/v1/users?select=*&limit=1"
PORT = 8000


def call() -> tuple[int, str]:
    """One call through the sidecar: the status, and whose answer it is."""
    connection = HTTPConnection(BASE.hostname or "", BASE.port, timeout=15)
    headers = {"apikey": KEY, "Authorization": f"Bearer {KEY}"}
    connection.request("GET", BASE.path + TARGET, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers.get("X-Sidecar-Error", "upstream")


def say(event: str) -> bool:
    """Call, and print what came of it; whether it was a success."""
    try:
        status, source = call()
    except OSError as error:
        status, source = 0, str(error)
    print(json.dumps({"event": event, "status": status, "from": source}), flush=True)
    return status == 200


class Handler(BaseHTTPRequestHandler):
    """Answers each request with the status of a call."""

    def do_GET(self) -> None:
        """Call, and pass the status on."""
        try:
            status, source = call()
        except OSError as error:
            status, source = 502, str(error)
        body = f"{source}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not each request."""


def main() -> int:
    """Serve until SIGTERM, or call once; 0 when all calls of its own succeeded."""
    if sys.argv[1:] == ["once"]:
        return 0 if say("once") else 1
    server = ThreadingHTTPServer(("", PORT), Handler)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: Thread(target=server.shutdown).start())
    first = say("started")
    server.serve_forever()
    return 0 if say("stopping") and first else 1


if __name__ == "__main__":
    sys.exit(main())
