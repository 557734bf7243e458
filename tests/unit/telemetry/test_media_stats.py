from prometheus_client import CollectorRegistry

from sidecar.telemetry.media_stats import MediaCollector, MediaStats


def test_uploads_and_urls_are_read_when_somebody_asks():
    stats = MediaStats()
    registry = CollectorRegistry()
    registry.register(MediaCollector(lambda: {"whatsapp": stats}))
    stats.uploaded("deduplicated")
    stats.uploaded("deduplicated")
    stats.renewed("failed")
    value = registry.get_sample_value
    labels = {"upstream": "whatsapp", "result": "deduplicated"}
    assert value("sidecar_media_uploads_total", labels) == 2
    labels = {"upstream": "whatsapp", "result": "failed"}
    assert value("sidecar_media_urls_total", labels) == 1
