"""`sidecar explain` of a route that queues: its settings, and when a delivery is tried."""

import json

import pytest

from sidecar import cli

CONFIG = """
upstreams:
  api:
    url: http://127.0.0.1:1
    routes:
      - name: send
        match: {methods: [POST]}
        queue:
          mode: always
          attempts: 3
          callback: {url: "http://127.0.0.1:2/told", secret: s3cret}
stores: {spool: {kind: sqlite, path: /tmp/never-opened.db}}
"""


@pytest.fixture
def explain(tmp_path, capsys):
    path = tmp_path / "sidecar.yaml"
    path.write_text(CONFIG)

    def explain(*arguments):
        assert cli.main(["explain", *arguments, "-c", str(path)]) == 0
        return capsys.readouterr().out

    return explain


def test_the_times_of_a_delivery_are_printed(explain):
    text = explain("POST", "/api/x")
    assert "delivered  0s, 5s, 15s; 3 attempts, given up after 1h" in text
    assert "queue.mode" in text
    assert "s3cret" not in text


def test_json_has_each_attempt_and_no_secret(explain):
    text = explain("POST", "/api/x", "--json")
    found = json.loads(text)
    assert found["deliveries"] == [
        {"attempt": 1, "after": 0.0},
        {"attempt": 2, "after": 5.0},
        {"attempt": 3, "after": 15.0},
    ]
    assert found["settings"]["queue.schedule.base"] == ["5s", "default"]
    assert "s3cret" not in text


def test_a_route_that_does_not_queue_has_no_times(explain):
    assert "delivered" not in explain("GET", "/api/x")
    assert json.loads(explain("GET", "/api/x", "--json"))["deliveries"] == []
