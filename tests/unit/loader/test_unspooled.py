import pytest

from sidecar.loader import ConfigErrors, loads

SPOOL = 'stores: {spool: {kind: sqlite, path: "/tmp/x.db"}}\n'
UPSTREAM = """upstreams:
  api:
    url: http://127.0.0.1:1
"""
ROUTE = UPSTREAM + "    routes: [{name: send, queue: {mode: always}}]\n"
WHOLE = UPSTREAM + "    queue: {mode: on_failure}\n"


@pytest.mark.parametrize(
    ("text", "path"),
    [(ROUTE, "upstreams.api.routes[0].queue.mode"), (WHOLE, "upstreams.api.queue.mode")],
)
def test_a_queue_needs_a_spool(text, path):
    with pytest.raises(ConfigErrors) as caught:
        loads(text)
    assert f"{path}: needs stores.spool" in str(caught.value)
    assert loads(SPOOL + text).config.stores.spool is not None


@pytest.mark.parametrize("text", [UPSTREAM, UPSTREAM + "    queue: {mode: never}\n"])
def test_a_route_that_queues_nothing_needs_none(text):
    assert loads(text).config.stores.spool is None


def test_a_spool_that_is_null_is_none():
    with pytest.raises(ConfigErrors):
        loads("stores: {spool: null}\n" + ROUTE)


def test_a_route_takes_what_it_does_not_say_from_its_upstream():
    text = UPSTREAM + (
        "    queue: {mode: prefer, expires: 5m}\n"
        "    routes: [{name: send, queue: {mode: always, callback: "
        '{url: "http://app/x", secret: s3cret}}}]\n'
    )
    (route,) = loads(SPOOL + text).config.upstreams["api"].routes
    assert (route.queue.mode, route.queue.expires) == ("always", 300.0)
    assert "s3cret" not in repr(route.queue)
