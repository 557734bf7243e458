"""Who answers from a cache, and how each is configured: in memory or files, for a minute.

Each takes a prefix off the path, and keeps answers apart by target and credential.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.peers import SIDECAR, Peer, nginx
from bench.processes import free_port
from bench.tools import CacheTools

SIZES: Mapping[str, int] = {"1 KB": 1024, "20 KB": 20 * 1024}
"""Bytes of the bodies."""
COUNTER = "/count"
"""Where the upstream tells how many requests it had."""
PRESET = f"{SIDECAR}, supabase"


def target(size: str) -> str:
    """What is asked for to get a body of that size."""
    return f"/rest/v1/bodies/{SIZES[size]}?select=id,body,created_at&order=created_at.desc"


def upstream(tools: CacheTools, folder: Path) -> Peer:
    """nginx with one file for each size."""
    bodies = folder / "files/rest/v1/bodies"
    bodies.mkdir(parents=True)
    for size in SIZES.values():
        (bodies / str(size)).write_text('{"body":"' + "x" * (size - 11) + '"}')
    location = (
        f"location / {{ root {folder}/files; default_type application/json; }} "
        f"location = {COUNTER} {{ stub_status; }}"
    )
    port = free_port()
    return Peer("upstream", port, "", nginx(tools.nginx, folder / "upstream", port, location))


def caches(tools: CacheTools, folder: Path, upstream_port: int) -> Iterator[Peer]:
    """Everyone who is compared; without Varnish where there is none."""
    url = f"http://127.0.0.1:{upstream_port}"
    yield _nginx(tools.nginx, folder / "nginx", url)
    if tools.varnish:
        yield _varnish(tools.varnish, folder / "varnish", upstream_port)
    yield _sidecar(SIDECAR, folder / "plain", f'{{ url: "{url}", cache: {{ ttl: 1m }} }}')
    rest = "routes: [{ name: rest, cache: { ttl: 1m } }]"
    yield _sidecar(PRESET, folder / "preset", f'{{ preset: supabase, url: "{url}", {rest} }}')


def _nginx(program: str, folder: Path, url: str) -> Peer:
    port = free_port()
    location = (
        f"location /api/ {{ proxy_pass {url}/; proxy_cache kept; proxy_cache_valid 200 1m; "
        "proxy_cache_key $request_uri$http_authorization; proxy_set_header Host $proxy_host; }"
    )
    kept = f"proxy_cache_path {folder}/kept keys_zone=kept:10m max_size=64m;"
    return Peer("nginx", port, "/api", nginx(program, folder, port, location, kept))


def _varnish(program: str, folder: Path, upstream_port: int) -> Peer:
    folder.mkdir()
    port = free_port()
    config = folder / "bench.vcl"
    config.write_text(
        f"""vcl 4.1;
backend up {{ .host = "127.0.0.1"; .port = "{upstream_port}"; }}
sub vcl_recv {{ set req.url = regsub(req.url, "^/api/", "/"); return (hash); }}
sub vcl_hash {{
  hash_data(req.url); hash_data(req.http.Authorization); return (lookup);
}}
sub vcl_backend_response {{ set beresp.ttl = 1m; }}
"""
    )
    modules = next((p for p in Path(program).parents[1].glob("lib/*/varnish/vmods")), None)
    where = ("-p", f"vmod_path={modules}") if modules else ()
    listen = ("-F", "-a", f"127.0.0.1:{port}", "-f", str(config), "-n", str(folder / "run"))
    memory = ("-j", "none", "-s", "malloc,64m")
    return Peer("Varnish", port, "/api", (program, *listen, *memory, *where))


def _sidecar(name: str, folder: Path, upstream: str) -> Peer:
    folder.mkdir()
    port = free_port()
    config = folder / "sidecar.yaml"
    config.write_text(
        f"""listen: {{ proxy: 127.0.0.1:{port}, ops: 127.0.0.1:{free_port()}, admin: null }}
log: {{ level: warning, format: json }}
loop: uvloop
upstreams: {{ api: {upstream} }}
"""
    )
    return Peer(name, port, "/api", (sys.executable, "-m", "sidecar", "run", "-c", str(config)))
