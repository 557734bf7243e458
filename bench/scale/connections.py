"""What open connections cost: the sidecar on one core, load and upstream on the other."""

import contextlib
import resource
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import load, peers, tools
from bench.measure import LOAD_CORE, PROXY_CORE
from bench.peers import PREFIX, Peer
from bench.processes import Process, free_port, started
from bench.quiet import Quiet

RATE = 100
_BUSY = 32
_FILES = 20_000
_TRIES = 4
_SPARE = 200
"""Files that are open beside the connections."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long it is measured at each size, in seconds."""

    seconds: float
    patience: float


def measured(sizes: Sequence[int], plan: Plan) -> dict[int, dict[str, float]]:
    """The figures at each number of connections.

    Raises:
        MissingTool: nginx is not to be had.
    """
    programs = tools.find_for_cache()
    most = _raise_limit()
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        body = "x" * load.BODY
        place = f"location / {{ default_type text/plain; return 200 '{body}'; }}"
        port = free_port()
        command = peers.nginx(programs.nginx, folder / "upstream", port, place)
        log = folder / "upstream.log"
        with started(command, core=LOAD_CORE, port=port, log=log) as upstream:
            for size in sizes:
                if size + _SPARE > most:
                    print(f"bench: {size} connections are too many here", file=sys.stderr)
                    continue
                with _sidecar(folder, port) as (peer, process):
                    quiet = Quiet([upstream, process], plan.patience / len(sizes))
                    values = _tried(peer, process, size, plan, quiet)
                if values is not None:
                    found[size] = values
    return found


def _tried(
    peer: Peer, process: Process, size: int, plan: Plan, quiet: Quiet
) -> dict[str, float] | None:
    """The figures; None, and why, where a busy machine does not hold the rate."""
    for left in reversed(range(_TRIES)):
        try:
            return _at(peer, process, size, plan, quiet)
        except load.LoadError as error:
            if not left:
                print(f"bench: {size} connections are left out: {error}", file=sys.stderr)
    return None


def _at(peer: Peer, process: Process, size: int, plan: Plan, quiet: Quiet) -> dict[str, float]:
    """First as many connections with one request each; then requests on some, the rest open."""
    busy = min(size, _BUSY)
    _paced(peer, busy, 1.0)  # warm
    with contextlib.ExitStack() as stack:
        before = process.cpu()
        for _ in range(size - busy):
            _open(peer, stack)
        opened = process.cpu() - before

        def each() -> float:
            before = process.cpu()
            run = _paced(peer, busy, plan.seconds)
            return (process.cpu() - before) / run.requests

        values = {"cpu": quiet.measure(each) * 1e6, "rss": _peak(process) / 1e6}
    if size > busy:
        values["open"] = opened / (size - busy) * 1e6
    return values


def _paced(peer: Peer, connections: int, seconds: float) -> load.Run:
    return load.paced(peer.port, peer.path, rate=RATE, connections=connections, seconds=seconds)


def _open(peer: Peer, stack: contextlib.ExitStack) -> None:
    """A connection that has had its answer, and stays open."""
    sock = stack.enter_context(socket.create_connection(("127.0.0.1", peer.port), timeout=10))
    sock.sendall(load.request_bytes(peer.port, peer.path))
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0 or len(received) < end + 4 + load.BODY:
        more = sock.recv(65536)
        if not more:
            raise load.LoadError(f"a connection to port {peer.port} ended")
        received += more


@contextlib.contextmanager
def _sidecar(folder: Path, upstream: int) -> Iterator[tuple[Peer, Process]]:
    """One of its own for each size: memory that was used once is not given back."""
    port = free_port()
    config = folder / "sidecar.yaml"
    config.write_text(
        f"""listen: {{ proxy: 127.0.0.1:{port}, ops: 127.0.0.1:{free_port()}, admin: null }}
log: {{ level: warning, format: json }}
loop: uvloop
upstreams:
  supabase: {{ preset: supabase, url: "http://127.0.0.1:{upstream}", cache: {{ ttl: 0s }} }}
"""
    )
    peer = Peer(peers.SIDECAR, port, PREFIX + load.PATH, ())
    command = (sys.executable, "-m", "sidecar", "run", "-c", str(config))
    with started(command, core=PROXY_CORE, port=port, log=folder / "sidecar.log") as process:
        yield peer, process


def _peak(process: Process) -> int:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _raise_limit() -> int:
    """Let this process and those that it starts open many files; how many they may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
