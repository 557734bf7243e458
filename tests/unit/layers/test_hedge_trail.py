"""A hedge's attempts are seen in one trail, whichever answer is used."""

from dataclasses import replace

from sidecar.exchange import Timeline


def test_a_copy_of_a_timeline_shares_its_trail():
    timeline = Timeline(0.0)
    timeline.begin(1, 1.0)
    second = replace(timeline)
    second.begin(2, 1.5)
    assert [each.number for each in timeline.trail] == [1, 2]
    assert second.trail is timeline.trail
