"""Envoy: one worker, the router filter only, no access log; all else as it comes."""

import json
from typing import Any

from bench.proxy.place import EVENTS, PLAIN, SLOW, TARGETS, TLS, Contender, Place, behind

_TYPES = "type.googleapis.com/envoy.extensions"
Json = dict[str, Any]


def configure(program: str, at: Place) -> Contender:
    """One listener, a route and a cluster for each target."""
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [_route(each) for each in TARGETS]}
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"},
            }
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    listener = {"name": "in", "address": _address(at.port), "filter_chains": [{"filters": filters}]}
    clusters = [_cluster(each, at) for each in (PLAIN, SLOW, EVENTS, TLS)]
    resources = {"listeners": [listener], "clusters": clusters}
    config = at.write("envoy.json", json.dumps({"static_resources": resources}))
    options = ("--concurrency", "1", "--log-level", "error", "--disable-hot-restart")
    return Contender("Envoy", (program, "-c", config, *options), behind(at.port))


def _route(target: str) -> Json:
    timeout = "0s" if target == EVENTS else "10s"  # a stream has no end that is known
    action = {
        "cluster": target,
        "prefix_rewrite": "/",
        "timeout": timeout,
        "host_rewrite_literal": target,
    }
    return {"match": {"prefix": f"/{target}/"}, "route": action}


def _cluster(target: str, at: Place) -> Json:
    endpoint = {"endpoint": {"address": _address(at.ports[target])}}
    cluster: Json = {
        "name": target,
        "type": "STATIC",
        "connect_timeout": "3s",
        "load_assignment": {"cluster_name": target, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if target == TLS:
        names = [{"san_type": "DNS", "matcher": {"exact": "localhost"}}]
        trusted = {
            "trusted_ca": {"filename": str(at.authority)},
            "match_typed_subject_alt_names": names,
        }
        cluster["transport_socket"] = {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": f"{_TYPES}.transport_sockets.tls.v3.UpstreamTlsContext",
                "sni": "localhost",
                "common_tls_context": {"validation_context": trusted},
            },
        }
    return cluster


def _address(port: int) -> Json:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
