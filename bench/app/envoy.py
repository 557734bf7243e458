"""Envoy before the providers: kept connections, repetition with a budget, outlier detection.

Reads are repeated after any failure and hedged when a try takes too long; everything else only
where nothing was sent, because Envoy is not told which writes are harmless twice.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sidecar.demo.targets import Provider

_EXTENSIONS = "type.googleapis.com/envoy.extensions"
_TOTAL: Mapping[Provider, float] = {
    "supabase": 10,
    "whatsapp": 10,
    "whatsapp-media": 30,
    "gemini": 15,
}
"""Seconds: what the optimised application waited."""
_PER_TRY: Mapping[Provider, float] = {
    "supabase": 2.5,
    "whatsapp": 2.5,
    "whatsapp-media": 5,
    "gemini": 15,
}
_READS = "5xx,reset,connect-failure,refused-stream"
_WRITES = "connect-failure,refused-stream,reset-before-request"


def command(
    program: str,
    folder: Path,
    port: int,
    ports: Mapping[Provider, int],
    ca: Path,
    scale: float,
) -> tuple[str, ...]:
    """Write the configuration; what starts it."""
    routes = [route for name in ports for route in _routes(name, scale)]
    manager = {
        "@type": f"{_EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_EXTENSIONS}.filters.http.router.v3.Router"},
            }
        ],
    }
    name = "envoy.filters.network.http_connection_manager"
    chain = {"filters": [{"name": name, "typed_config": manager}]}
    resources = {
        "listeners": [{"name": "in", "address": _address(port), "filter_chains": [chain]}],
        "clusters": [_cluster(name, one, ca, scale) for name, one in ports.items()],
    }
    config = folder / "envoy.json"
    config.write_text(json.dumps({"static_resources": resources}))
    options = ("--concurrency", "1", "--log-level", "error", "--disable-hot-restart")
    return (program, "-c", str(config), *options)


def _routes(name: Provider, scale: float) -> list[dict[str, Any]]:
    match = {"prefix": f"/{name}/"}
    get = {"name": ":method", "string_match": {"exact": "GET"}}
    action = {
        "cluster": name,
        "prefix_rewrite": "/",
        "timeout": _seconds(_TOTAL[name] * scale),
        "auto_host_rewrite": True,
    }
    pause = {"base_interval": _seconds(0.025 * scale), "max_interval": _seconds(0.25 * scale)}
    policy = {"num_retries": 3, "retry_back_off": pause}
    read = {**policy, "retry_on": _READS, "per_try_timeout": _seconds(_PER_TRY[name] * scale)}
    hedge = {"hedge_on_per_try_timeout": True}
    return [
        {
            "match": {**match, "headers": [get]},
            "route": {**action, "retry_policy": read, "hedge_policy": hedge},
        },
        {"match": match, "route": {**action, "retry_policy": {**policy, "retry_on": _WRITES}}},
    ]


def _cluster(name: Provider, port: int, ca: Path, scale: float) -> dict[str, Any]:
    budget = {"budget_percent": {"value": 20.0}, "min_retry_concurrency": 3}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": _seconds(3 * scale),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}],
        },
        "circuit_breakers": {"thresholds": [{"retry_budget": budget}]},
        "outlier_detection": {
            "consecutive_5xx": 5,
            "interval": _seconds(1 * scale),
            "base_ejection_time": _seconds(1 * scale),
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {}},
                "common_http_protocol_options": {"idle_timeout": _seconds(55 * scale)},
            }
        },
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": f"{_EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext",
                "common_tls_context": {"validation_context": {"trusted_ca": {"filename": str(ca)}}},
            },
        },
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _seconds(value: float) -> str:
    return f"{value:.4f}s"
