import random

from prometheus_client import CollectorRegistry
from prometheus_client import Histogram as Reference

from sidecar.telemetry.exchange_stats import DURATIONS, OVERHEADS, WAITS
from sidecar.telemetry.histogram import Histogram


def test_it_counts_as_the_client_library_does_and_names_its_buckets_alike():
    dice = random.Random(7)
    for bounds in (DURATIONS, OVERHEADS, WAITS):
        registry = CollectorRegistry()
        reference = Reference("x", "x", registry=registry, buckets=bounds)
        subject = Histogram(bounds)
        for value in (*bounds, 0.0, *(dice.expovariate(2.0) for _ in range(300))):
            reference.observe(value)
            subject.observe(value)
        for bound, count in subject.buckets():
            assert registry.get_sample_value("x_bucket", {"le": bound}) == count
        assert registry.get_sample_value("x_sum") == subject.sum


def test_each_bucket_remembers_its_last_trace():
    subject = Histogram((1, 2))
    for value, trace in ((0.5, "a" * 32), (0.7, "b" * 32), (5.0, "c" * 32)):
        subject.observe(value)
        subject.mark(value, trace, 1_000.0)
    marked = [(bucket[0], bucket[2].labels) for bucket in subject.marked() if len(bucket) == 3]
    assert marked == [("1.0", {"trace_id": "b" * 32}), ("+Inf", {"trace_id": "c" * 32})]
    assert [bucket[:2] for bucket in subject.marked()] == subject.buckets()
