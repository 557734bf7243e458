"""mitmproxy: `mitmdump` as a reverse proxy, silent.

It has a mode, and so a port, for each upstream, and takes no prefix off: that is spared it. What
it does not stream it collects, so events are streamed by the few lines that its manual gives.
"""

from bench.processes import free_port
from bench.proxy.place import EVENTS, PLAIN, SLOW, TLS, Contender, Door, Place

_ADDON = '''"""Streams events instead of collecting them."""


def responseheaders(flow):
    kind = flow.response.headers.get("content-type", "")
    flow.response.stream = kind.startswith("text/event-stream")
'''


def configure(program: str, at: Place) -> Contender:
    """A mode for each upstream; the one at `at.port` is the last that is opened."""
    ports = {PLAIN: free_port(), SLOW: free_port(), TLS: at.port}
    modes = [
        word
        for target, port in ports.items()
        for word in ("--mode", f"reverse:{_url(target, at)}@127.0.0.1:{port}")
    ]
    settings = {
        "confdir": str(at.folder),
        "flow_detail": "0",
        "termlog_verbosity": "error",
        "ssl_verify_upstream_trusted_ca": str(at.authority),
    }
    options = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    addon = at.write("streaming.py", _ADDON)
    doors = {target: Door(port) for target, port in ports.items()}
    doors[EVENTS] = doors[SLOW]  # one process is both
    return Contender("mitmproxy", (program, "-q", *modes, *options, "-s", addon), doors)


def _url(target: str, at: Place) -> str:
    return f"{'https' if target == TLS else 'http'}://{at.upstream(target)}"
