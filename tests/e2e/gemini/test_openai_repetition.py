"""openai (Python) and the sidecar's repetitions: a refusal is waited out, and not twice over."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

pytest.importorskip("openai", reason="install the `sdk` extra")

from openai import InternalServerError

from sidecar.demo.authority import SEEN
from tests.e2e.gemini.openai_python import chat, client_of, partial
from tests.support.ports import free_port
from tests.support.sidecar import sidecar_in_thread
from tests.support.simulated import Apps, gemini, simulated

COUNT = "x-stainless-retry-count"


@dataclass(frozen=True, slots=True)
class Behind:
    """A Gemini behind a sidecar: the base URL, and its app, which has what arrived."""

    base_url: str
    app: web.Application

    @property
    def counts(self) -> list[str]:
        """What each call that arrived said of its repetitions by the SDK."""
        seen = [{name.lower(): value for name, value in each.headers} for each in self.app[SEEN]]
        return [headers[COUNT] for headers in seen]


@contextmanager
def started(url: str, more: str = "") -> Iterator[str]:
    """The base URL of a sidecar before the API at `url`."""
    lines = ["listen: {proxy: 127.0.0.1:0, ops: 127.0.0.1:0, admin: null}"]
    lines += ["log: {level: error}", "upstreams:"]
    lines += [f"  gemini: {{preset: gemini, url: '{url}'{more}}}"]
    with sidecar_in_thread("\n".join(lines)) as sidecar:
        yield f"{sidecar.proxy_url}/gemini"


@contextmanager
def behind(*statuses: int) -> Iterator[Behind]:
    """An API that answers its first calls with these statuses."""
    left = list(statuses)

    @web.middleware
    async def failing(request: web.Request, handler) -> web.StreamResponse:
        await request.read()
        if left:
            status = left.pop(0)
            return web.json_response([{"error": {"code": status, "message": ""}}], status=status)
        return await handler(request)

    def make() -> Apps:
        apps = gemini()
        apps["gemini"].middlewares.insert(1, failing)  # behind the one that records
        return apps

    with simulated(make) as simulators, started(simulators.urls["gemini"]) as base_url:
        yield Behind(base_url, simulators.apps["gemini"])


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_refusal_that_passes_is_not_seen(status, streamed):
    with behind(status) as api, client_of(api.base_url) as client:
        assert chat(client, "Hello", stream=streamed)
        assert api.counts == ["0", "0"]


def test_a_refusal_that_stays_is_passed_on_after_the_sidecars_attempts():
    with behind() as api, client_of(api.base_url) as client:
        with pytest.raises(InternalServerError) as caught:
            chat(client, "[overloaded]")
        assert caught.value.status_code == 503
        assert "overloaded" in str(caught.value.body)
        assert api.counts == ["0", "0"]


def test_the_repetitions_of_an_sdk_that_repeats_are_not_multiplied():
    with behind() as api, client_of(api.base_url, max_retries=2) as client:
        with pytest.raises(InternalServerError):
            chat(client, "[overloaded]")
        assert api.counts == ["0", "0", "1", "2"]


def test_an_error_of_the_sidecars_own_is_read_as_one_of_the_api():
    url = f"http://127.0.0.1:{free_port()}"
    with (
        started(url, ", retry: {attempts: 1}") as base_url,
        client_of(base_url) as client,
        pytest.raises(InternalServerError) as caught,
    ):
        chat(client, "Hello")
    assert caught.value.status_code == 503
    assert caught.value.body["status"] == "UNAVAILABLE"


def test_a_stream_that_is_cut_is_not_asked_for_again():
    with behind() as api, client_of(api.base_url, max_retries=2) as client:
        first, error = partial(client, "[cut] story")
        assert first.choices[0].delta.content
        assert error == "APIConnectionError"
        assert api.counts == ["0"]
