"""All SDKs together: on the wire, the sidecar gives back what the providers answered.

The same checks run directly and through the sidecar, against fresh simulators. Recording relays
in front of the providers and of the sidecar keep every exchange. Compared are status line, fields
(less the date and those of one connection) and body, byte for byte, and in the other direction the
requests as they arrive at the providers. URLs that providers hand out are left alone here, so that
answers are the same to the byte.
"""

import functools
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("google.genai", reason="install the `sdk` extra")
pytest.importorskip("pywa", reason="install the `sdk` extra")
pytest.importorskip("supabase", reason="install the `sdk` extra")

from sidecar.demo.authority import AUTHORITY
from sidecar.demo.supabase import ANON_KEY, SERVICE_KEY
from sidecar.demo.supabase.accounts import SEEDED_PASSPHRASE
from sidecar.demo.targets import PROVIDERS, Provider
from tests.e2e.gemini import genai_python
from tests.e2e.supabase import project, supabase_python
from tests.e2e.ways import THROUGH, Way, config_for, transcript_of_node
from tests.e2e.whatsapp import pywa_checks
from tests.support.ports import free_port
from tests.support.sidecar import sidecar_in_thread
from tests.support.simulated import Apps, gemini, simulated, whatsapp
from tests.support.tap import Exchange, Message, Tap, taps

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.timeout(240),
]

ROUNDS = 3
AT_LEAST = 500
BYPASS = re.compile(r"access_token=|upload_id=|/whatsapp_business/attachments/|/upload/resumable/")
"""Absolute URLs that a provider handed out: clients follow them past the sidecar."""

BOUNDARY = re.compile(rb"boundary=\S+", re.IGNORECASE)
ECHO = "/functions/v1/echo"
"""Answers with the fields of the request, `Connection` too, which the sidecar makes its own."""

ABANDONED = b"[broken]"
"""Prompts to which the answer is an error within a stream: an SDK leaves when it reads it, and how
much of the end has passed by then is chance."""
DONE = "/interactions"
"""The streams of which the SDKs leave at `data: [DONE]`, with the same chance."""

Key = tuple[str, str, bytes]


@functools.cache
def ports() -> Mapping[Provider, int]:
    """Each provider's port, the same in every run, because answers and requests name it."""
    return {name: free_port() for name in PROVIDERS}


def make() -> Apps:
    return {**project.make(), **whatsapp(), **gemini()}


def mix(urls: Mapping[Provider, str]) -> None:
    """Every SDK's checks; what they answer is compared elsewhere, here only the wire is."""
    supabase_python.transcript(urls["supabase"])
    arguments = (urls["supabase"], ANON_KEY, SERVICE_KEY, SEEDED_PASSPHRASE)
    transcript_of_node("supabase.mjs", *arguments, packages=("@supabase/supabase-js",))
    for _ in range(ROUNDS):
        genai_python.transcript(urls["gemini"])
        transcript_of_node("gemini.mjs", urls["gemini"], packages=("@google/genai",))
        pywa_checks.transcript(urls["whatsapp"])
        clients = ("@great-detail/whatsapp", "whatsapp-api-js")
        transcript_of_node("whatsapp.mjs", urls["whatsapp"], packages=clients)
    genai_python.upload_transcript(urls["gemini"])


@dataclass(frozen=True, slots=True)
class Recording:
    """What passed the relays in one run: at the providers, and before the sidecar."""

    at_provider: list[tuple[str, Exchange]]
    at_sidecar: list[tuple[str, Exchange]]


@contextmanager
def providers() -> Iterator[dict[Provider, Tap]]:
    """Fresh simulators, each behind a relay on its own port, which is their authority."""
    with simulated(make) as simulators:
        for name, port in ports().items():
            simulators.apps[name][AUTHORITY].value = f"127.0.0.1:{port}"
        with taps(*((ports()[name], simulators.urls[name]) for name in PROVIDERS)) as relays:
            yield dict(zip(PROVIDERS, relays, strict=True))


@functools.cache
def record(way: Way) -> Recording:
    """Run the mix in one way."""
    with providers() as origins:
        urls = {name: tap.url for name, tap in origins.items()}
        if way == "direct":
            mix(urls)
            return Recording(_named(origins.items()), [])
        with sidecar_in_thread(config_for(urls, returned_urls=False)) as sidecar:
            by_port = way == "port"
            pairs = [(0, sidecar.port_url(n) if by_port else sidecar.proxy_url) for n in PROVIDERS]
            with taps(*pairs) as relays:
                fronts = dict(zip(PROVIDERS, relays, strict=True))
                bases = {n: t.url + ("" if by_port else f"/{n}") for n, t in fronts.items()}
                mix(bases)
                return Recording(_named(origins.items()), _named(fronts.items()))


def _named(relays: Iterable[tuple[str, Tap]]) -> list[tuple[str, Exchange]]:
    return [(name, exchange) for name, tap in relays for exchange in tap.exchanges]


def key(provider: str, exchange: Exchange) -> Key:
    """What makes a request the same request, without the sidecar's prefix."""
    return provider, exchange.target.replace(f" /{provider}/", " /", 1), exchange.sent()


def by_key(recorded: list[tuple[str, Exchange]]) -> dict[Key, deque[Exchange]]:
    found: dict[Key, deque[Exchange]] = defaultdict(deque)
    for provider, exchange in recorded:
        found[key(provider, exchange)].append(exchange)
    return found


def answer(message: Message) -> tuple[Any, ...]:
    """What must be the same. Framing is compared as such: each hop writes its own fields for it."""
    fields = message.end_to_end()
    return message.line, fields, message.chunked, bytes(message.body), message.complete


def request(exchange: Exchange) -> tuple[Any, ...]:
    """A request's line and fields as they arrived; its body is in its key. The sidecar writes
    `Host` itself, as the first field; that of the client may be elsewhere."""
    fields = exchange.request.end_to_end()
    hosts = [value for name, value in fields if name.lower() == b"host"]
    others = [
        (name, BOUNDARY.sub(b"boundary=x", value))
        for name, value in fields
        if name.lower() != b"host"
    ]
    return exchange.request.line, hosts, others, exchange.request.chunked


def is_same(here: Exchange, there: Exchange) -> bool:
    """Whether two answers to the same request are byte-identical."""
    if ECHO in here.target:
        return here.response.line == there.response.line
    if ABANDONED in here.request.body or DONE in here.target:
        shorter = min(len(here.response.body), len(there.response.body))
        return here.response.body[:shorter] == there.response.body[:shorter] != b""
    return answer(here.response) == answer(there.response)


@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_byte_identical_through_the_sidecar(way):
    direct = by_key(record("direct").at_provider)
    through = record(way).at_sidecar
    assert len(through) >= AT_LEAST
    different = []
    for provider, exchange in through:
        same = direct[key(provider, exchange)]
        expected = same.popleft() if same else None
        if expected is None or not is_same(expected, exchange):
            different.append((exchange, expected))
    assert different == []
    past = Counter(left[1] for left, rest in direct.items() for _ in rest)
    assert [target for target in past if not BYPASS.search(target)] == []


@pytest.mark.parametrize("way", THROUGH)
def test_requests_arrive_at_the_providers_as_they_were_sent(way):
    direct = by_key(record("direct").at_provider)
    through = by_key(record(way).at_provider)
    assert {k: len(v) for k, v in through.items()} == {k: len(v) for k, v in direct.items()}
    pairs = [pair for k, v in direct.items() for pair in zip(v, through[k], strict=True)]
    different = [(request(a), request(b)) for a, b in pairs if request(a) != request(b)]
    assert different == []
