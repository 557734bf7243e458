"""nginx before the providers: kept connections, `proxy_next_upstream`, and its cache.

What it keeps, and for how long, is what the application's own first cache kept: rows by their key.
It cannot drop what a write changes, so lists, which writes change, are not kept.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.app.spec import spec
from bench.peers import nginx
from sidecar.demo.targets import TARGETS, Provider

_TRIES = 3
_TIMEOUTS: Mapping[Provider, float] = {
    "supabase": 10,
    "whatsapp": 10,
    "whatsapp-media": 30,
    "gemini": 15,
}
"""Seconds: what the optimised application waited."""
_FAILURES = "error timeout http_500 http_502 http_503 http_504"


def command(
    program: str, folder: Path, port: int, ports: Mapping[Provider, int], scale: float
) -> tuple[str, ...]:
    """Write the configuration; what starts it."""
    kept = list(_kept())
    http = [
        f"proxy_cache_path {folder}/kept keys_zone=kept:20m max_size=512m inactive=1h;",
        "map $request_uri $passed { default 1; "
        + " ".join(f'"~^{pattern}$" 0;' for pattern, _, _ in kept)
        + " }",
        *(_upstream(name, one, scale) for name, one in ports.items()),
    ]
    locations = [_location(f"/{name}/", "/", name, scale) for name in ports]
    for path, ttl in {path: ttl for _, path, ttl in kept}.items():
        cache = (
            f"proxy_cache kept; proxy_cache_valid 200 {max(1, round(ttl * scale))}s; "
            "proxy_cache_key $request_uri$http_authorization; proxy_cache_lock on; "
            f"proxy_cache_use_stale updating http_429 {_FAILURES}; "
            "proxy_cache_background_update on; "
            "proxy_no_cache $passed; proxy_cache_bypass $passed;"
        )
        locations.append(_location(f"= /supabase{path}", path, "supabase", scale, cache))
    return nginx(program, folder / "nginx", port, " ".join(locations), "\n  ".join(http))


def _kept() -> Iterator[tuple[str, str, float]]:
    """Pattern of the target, path and seconds of every resource that the first cache kept."""
    for name, data in spec().data.items():
        target = TARGETS[name]
        if data.ttl and target.provider == "supabase":
            whole = f"/supabase{target.path}" + (f"?{target.query}" if target.query else "")
            pattern = "[^&]+".join(re.escape(part) for part in re.split(r"\{\w+\}", whole))
            yield pattern, target.path, data.ttl


def _upstream(name: Provider, port: int, scale: float) -> str:
    """The same server several times, because nginx repeats a request at another one only."""
    servers = f"server 127.0.0.1:{port} max_fails=0; " * _TRIES
    return (
        f"upstream {name} {{ {servers} keepalive 64; "
        f"keepalive_timeout {max(1, round(55 * scale))}s; }}"
    )


def _location(match: str, path: str, name: Provider, scale: float, more: str = "") -> str:
    read = round(_TIMEOUTS[name] * scale * 1000)
    return (
        f"location {match} {{ proxy_pass https://{name}{path}; proxy_http_version 1.1; "
        'proxy_set_header Connection ""; proxy_set_header Host $proxy_host; '
        f"proxy_connect_timeout {round(3000 * scale)}ms; proxy_read_timeout {read}ms; "
        f"proxy_next_upstream {_FAILURES}; proxy_next_upstream_tries {_TRIES}; {more} }}"
    )
