"""Who is measured, and how each is configured: the same prefix, the same upstream, no access log.

Every proxy takes `/supabase/…` off the path and keeps its connections to the upstream.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.load import BODY, PATH
from bench.processes import free_port
from bench.tools import Tools

PREFIX = "/supabase"
SIDECAR = "sidecar"


@dataclass(frozen=True, slots=True)
class Peer:
    """A proxy under test, or the upstream itself."""

    name: str
    port: int
    path: str
    command: tuple[str, ...]

    @property
    def url(self) -> str:
        """What is asked for."""
        return f"http://127.0.0.1:{self.port}{self.path}"


def upstream(tools: Tools, folder: Path) -> Peer:
    """nginx with a fixed JSON body; also the peer `direct`."""
    port = free_port()
    body = json.dumps([{"id": 1, "body": ""}], separators=(",", ":"))
    body = body.replace('""', '"' + "x" * (BODY - len(body)) + '"')
    location = f"location / {{ default_type application/json; return 200 '{body}'; }}"
    return Peer("direct", port, PATH, nginx(tools.nginx, folder / "upstream", port, location))


def proxies(tools: Tools, folder: Path, upstream_port: int) -> list[Peer]:
    """Everyone who is compared."""
    return [
        _nginx_proxy(tools, folder / "nginx", upstream_port),
        _envoy(tools, folder / "envoy", upstream_port),
        _sidecar(SIDECAR, folder / "sidecar", upstream_port, log="warning"),
        _sidecar(f"{SIDECAR}, a log line each", folder / "logging", upstream_port, log="info"),
    ]


def _nginx_proxy(tools: Tools, folder: Path, upstream_port: int) -> Peer:
    port = free_port()
    location = (
        f"location {PREFIX}/ {{ proxy_pass http://up/; proxy_http_version 1.1; "
        'proxy_set_header Connection ""; proxy_set_header Host $proxy_host; }'
    )
    pool = (
        f"upstream up {{ server 127.0.0.1:{upstream_port}; "
        "keepalive 256; keepalive_requests 1000000000; keepalive_time 1h; }"
    )
    return Peer("nginx", port, PREFIX + PATH, nginx(tools.nginx, folder, port, location, pool))


def nginx(program: str, folder: Path, port: int, location: str, more: str = "") -> tuple[str, ...]:
    """The command of an nginx with one server; its configuration is written to `folder`."""
    folder.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"""daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_timeout 1h; keepalive_requests 1000000000; keepalive_time 1h;
  {temporary}
  {more}
  server {{ listen 127.0.0.1:{port} backlog=1024; {location} }}
}}
"""
    )
    return (program, "-p", str(folder), "-e", "stderr", "-c", str(config))


def _envoy(tools: Tools, folder: Path, upstream_port: int) -> Peer:
    folder.mkdir()
    port = free_port()
    types = "type.googleapis.com/envoy.extensions.filters"
    route = {
        "match": {"prefix": f"{PREFIX}/"},
        "route": {"cluster": "up", "prefix_rewrite": "/", "timeout": "10s"},
    }
    connection_manager = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{types}.http.router.v3.Router"},
            }
        ],
    }
    chain = {
        "filters": [
            {
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": connection_manager,
            }
        ]
    }
    config = folder / "envoy.json"
    resources = {
        "listeners": [{"name": "in", "address": _address(port), "filter_chains": [chain]}],
        "clusters": [
            {
                "name": "up",
                "type": "STATIC",
                "connect_timeout": "3s",
                "load_assignment": {
                    "cluster_name": "up",
                    "endpoints": [
                        {"lb_endpoints": [{"endpoint": {"address": _address(upstream_port)}}]}
                    ],
                },
            }
        ],
    }
    config.write_text(json.dumps({"static_resources": resources}))
    options = ("--concurrency", "1", "--log-level", "error", "--disable-hot-restart")
    return Peer("Envoy", port, PREFIX + PATH, (tools.envoy, "-c", str(config), *options))


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _sidecar(name: str, folder: Path, upstream_port: int, *, log: str) -> Peer:
    folder.mkdir()
    port = free_port()
    config = folder / "sidecar.yaml"
    config.write_text(
        f"""listen: {{ proxy: 127.0.0.1:{port}, ops: 127.0.0.1:{free_port()}, admin: null }}
log: {{ level: {log}, format: json }}
loop: uvloop
upstreams:
  supabase: {{ preset: supabase, url: "http://127.0.0.1:{upstream_port}" }}
"""
    )
    command = (sys.executable, "-m", "sidecar", "run", "-c", str(config))
    return Peer(name, port, PREFIX + PATH, command)
