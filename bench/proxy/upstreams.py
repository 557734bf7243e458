"""What is behind every contender: nginx with fixed answers, with and without TLS; a slow one."""

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.load import BODY
from bench.measure import LOAD_CORE
from bench.peers import nginx
from bench.processes import Process, free_port, started
from bench.proxy.place import EVENTS, PLAIN, SLOW, TLS

LARGE = 100 * 1024
LARGE_PATH = "/storage/v1/object/media/large"
WRITE_PATH = "/rest/v1/written?select=id"
_COUNTER = "/count"


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Those that run."""

    ports: dict[str, int]
    """By target."""
    authority: Path
    """PEM file of whom to trust at `TLS`."""
    processes: tuple[Process, ...]

    def connections(self) -> int:
        """How many connections nginx has accepted, but for those that asked this."""
        url = f"http://127.0.0.1:{self.ports[PLAIN]}{_COUNTER}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.read().splitlines()[2].split()[0])


@contextlib.contextmanager
def upstreams(program: str, folder: Path) -> Iterator[Upstreams]:
    """All of them started, beside the load."""
    key, certificate = _authority(folder)
    plain, tls, slow = free_port(), free_port(), free_port()
    places = _places(folder)
    secured = (
        f"server {{ listen 127.0.0.1:{tls} ssl backlog=1024; "
        f"ssl_certificate {certificate}; ssl_certificate_key {key}; {places} }}"
    )
    settings = "client_body_buffer_size 256k; open_file_cache max=10; sendfile on; tcp_nopush on;"
    fixed = nginx(program, folder / "upstream", plain, places, f"{settings} {secured}")
    slowly = (sys.executable, "-m", "bench.proxy.slow", str(slow))
    log, slow_log = folder / "upstream.log", folder / "slow.log"
    with (
        started(fixed, core=LOAD_CORE, port=plain, log=log) as first,
        started(slowly, core=LOAD_CORE, port=slow, log=slow_log) as second,
    ):
        ports = {PLAIN: plain, TLS: tls, SLOW: slow, EVENTS: slow}
        yield Upstreams(ports, certificate, (first, second))


def _places(folder: Path) -> str:
    """Locations of nginx: 1 KB for what is not known, 100 KB, and a place to write to."""
    row = json.dumps([{"id": 1, "body": ""}], separators=(",", ":"))
    row = row.replace('""', '"' + "x" * (BODY - len(row)) + '"')
    file = folder / "files" / LARGE_PATH.removeprefix("/")
    file.parent.mkdir(parents=True)
    file.write_text('{"body":"' + "x" * (LARGE - 11) + '"}')
    kind = "default_type application/json;"
    # Answering before a body has come would have careful proxies close the connection: a mirrored
    # request is read to its end first, and then there is no such file.
    read = "mirror /dropped; error_page 404 =200 @row;"
    return (
        f"location / {{ {kind} return 200 '{row}'; }} "
        f"location /storage/ {{ {kind} root {folder}/files; }} "
        f"location = {WRITE_PATH.partition('?')[0]} {{ {read} }} "
        f"location @row {{ {kind} return 200 '{row}'; }} "
        "location = /dropped { internal; return 204; } "
        f"location = {_COUNTER} {{ stub_status; keepalive_timeout 0; }}"
    )


def _authority(folder: Path) -> tuple[Path, Path]:
    """A key, and a certificate of `localhost` that is its own authority."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", str(key)]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return key, certificate
