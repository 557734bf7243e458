from sidecar.telemetry.key_stats import KeyCollector, KeyStats
from sidecar.telemetry.returned_url_stats import ReturnedUrlCollector, ReturnedUrlStats


def samples(collector):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in collector.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_keys_are_labelled_by_their_names():
    stats = KeyStats(("main", "2"))
    stats.keys["main"].used, stats.keys["main"].refused, stats.keys["2"].rejected = 3, 2, 1
    stats.waits, stats.seconds, stats.unrested = 4, 1.5, 5
    assert samples(KeyCollector(lambda: {"gemini": stats})) == {
        ("sidecar_key_used_total", "gemini", "main"): 3,
        ("sidecar_key_used_total", "gemini", "2"): 0,
        ("sidecar_key_refused_total", "gemini", "main"): 2,
        ("sidecar_key_refused_total", "gemini", "2"): 0,
        ("sidecar_key_rejected_total", "gemini", "main"): 0,
        ("sidecar_key_rejected_total", "gemini", "2"): 1,
        ("sidecar_key_waits_total", "gemini"): 4,
        ("sidecar_key_wait_seconds_total", "gemini"): 1.5,
        ("sidecar_key_unrested_total", "gemini"): 5,
    }


def test_urls_are_counted_by_where_they_stood():
    stats = ReturnedUrlStats(headers=1, bodies=2, too_long=3, unreadable=4)
    assert samples(ReturnedUrlCollector(lambda: {("api", "default"): stats})) == {
        ("sidecar_returned_urls_total", "api", "default", "header"): 1,
        ("sidecar_returned_urls_total", "api", "default", "body"): 2,
        ("sidecar_returned_urls_unseen_total", "api", "default", "too_long"): 3,
        ("sidecar_returned_urls_unseen_total", "api", "default", "unreadable"): 4,
    }


def test_the_registry_is_not_asked_before_there_are_figures():
    assert KeyCollector(dict).describe() == ReturnedUrlCollector(dict).describe() == ()
