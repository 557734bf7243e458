from prometheus_client import CollectorRegistry, generate_latest

from sidecar.telemetry.tunnel_stats import TunnelCollector, TunnelStats


def lines(stats):
    registry = CollectorRegistry()
    registry.register(TunnelCollector(lambda: stats))
    text = generate_latest(registry).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_route_without_websockets_has_no_series():
    assert lines({("api", "default"): TunnelStats()}) == []


def test_what_was_counted_is_exported():
    stats = TunnelStats()
    for _ in range(3):
        stats.begin()
    stats.end("closed", 2.0)
    stats.end("idle", 0.5)
    stats.up.bytes, stats.up.messages = 100, 3
    stats.down.bytes, stats.down.messages = 200, 4
    labels = 'route="r",upstream="u"'
    assert sorted(lines({("u", "r"): stats})) == sorted(
        [
            f"sidecar_websocket_open{{{labels}}} 1.0",
            f"sidecar_websocket_opened_total{{{labels}}} 3.0",
            f"sidecar_websocket_seconds_total{{{labels}}} 2.5",
            f'sidecar_websocket_ended_total{{reason="closed",{labels}}} 1.0',
            f'sidecar_websocket_ended_total{{reason="idle",{labels}}} 1.0',
            f'sidecar_websocket_bytes_total{{direction="up",{labels}}} 100.0',
            f'sidecar_websocket_bytes_total{{direction="down",{labels}}} 200.0',
            f'sidecar_websocket_messages_total{{direction="up",{labels}}} 3.0',
            f'sidecar_websocket_messages_total{{direction="down",{labels}}} 4.0',
        ]
    )
