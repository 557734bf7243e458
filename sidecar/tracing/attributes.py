"""The one place that knows what OpenTelemetry calls things, and what of an exchange a span may say.

Values of queries, bodies and credentials are in none of it. Sources: OpenTelemetry semantic
conventions, "HTTP spans" (stable) and "Semantic conventions for generative AI" (in development:
its names have moved before, so they are written here only).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from sidecar.core.keys import model_in_body
from sidecar.dialects.tokens import Tokens
from sidecar.exchange import Exchange, Response, Source
from sidecar.telemetry import redact
from sidecar.tracing.span import Value

METHOD = "http.request.method"
METHOD_GIVEN = "http.request.method_original"
RESENDS = "http.request.resend_count"
STATUS = "http.response.status_code"
ROUTE = "http.route"
ERROR = "error.type"
URL = "url.full"
PATH = "url.path"
QUERY = "url.query"
SCHEME = "url.scheme"
HOST = "server.address"
PORT = "server.port"
PROTOCOL = "network.protocol.version"
PROVIDER = "gen_ai.provider.name"
OPERATION = "gen_ai.operation.name"
MODEL = "gen_ai.request.model"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"

# What only the sidecar knows: no convention has names for it.
EXCHANGE = "sidecar.exchange.id"
UPSTREAM = "sidecar.upstream"
OWN_ROUTE = "sidecar.route"
SOURCE = "sidecar.source"
ATTEMPTS = "sidecar.attempts"
JUDGEMENT = "sidecar.judgement"
LEFT = "sidecar.client_closed"
WAITS = "sidecar.wait."

_METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
)
_OTHER = "_OTHER"
_MOST_METHOD = 16
_GEMINI = "gcp.gemini"
_CALL = re.compile(r"/(?:models|tunedModels)/([A-Za-z0-9._-]{1,100})(?::|%3[Aa])([A-Za-z]{1,40})")
_OPERATIONS = {
    "generateContent": "generate_content",
    "streamGenerateContent": "generate_content",
    "embedContent": "embeddings",
    "batchEmbedContents": "embeddings",
}
_COMPATIBLE = {"chat/completions": "chat", "embeddings": "embeddings"}
"""Of the OpenAI-compatible API, by what is behind this in the path; the model is in the body."""
_BASE = "/openai/"
_KINDS_OF_WAIT = ("pool_wait", "backoff", "held", "paced", "queued")


class Place(NamedTuple):
    """Where the attempts of an upstream go."""

    url: str
    """Its origin and base path, without a slash at the end; what looks like a token is hidden."""
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Place":
        """Of the upstream's `url`."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(redact.text(url.rstrip("/")), parts.hostname or "", port)


def name_of(method: str, template: str) -> str:
    """The name of an exchange's span: method and path template, never the path itself."""
    known = method if method in _METHODS else "HTTP"
    return f"{known} {template}" if template else known


def of_exchange(
    exchange: Exchange, template: str, status: int | None, source: Source, error: str | None
) -> dict[str, Value]:
    """The attributes of an exchange's span.

    Args:
        exchange: it has ended.
        template: the path of its route as configured; "" where that is any path.
        status: what the application was answered; None where it had left before.
        source: who made the answer.
        error: the code of what went wrong, if anything did.
    """
    path, _, query = redact.target(exchange.request.target).partition("?")
    found: dict[str, Value] = {
        **_method(exchange.request.method),
        PATH: path,
        EXCHANGE: exchange.id,
        UPSTREAM: exchange.upstream,
        OWN_ROUTE: exchange.route,
        SOURCE: source,
    }
    if exchange.entered is not None:
        found[SCHEME] = "https" if exchange.entered.tls else "http"
    if query:
        found[QUERY] = query
    if template:
        found[ROUTE] = template
    if exchange.timeline.sent_at:
        found[ATTEMPTS] = exchange.attempt
    for each in _KINDS_OF_WAIT:
        if (seconds := getattr(exchange.timeline, each)) > 0:
            found[WAITS + each.removesuffix("_wait")] = round(seconds, 6)
    return found | _outcome(status, error, failing=500)


def of_attempt(
    exchange: Exchange, place: Place, response: Response | None, error: str | None
) -> dict[str, Value]:
    """The attributes of an attempt's span.

    Args:
        exchange: as the attempt saw it.
        place: where it went.
        response: None where none came.
        error: the code of what went wrong, if anything did.
    """
    found: dict[str, Value] = {
        **_method(exchange.request.method),
        URL: place.url + redact.target(exchange.request.target),
        HOST: place.host,
        PORT: place.port,
        PROTOCOL: "1.1",
        UPSTREAM: exchange.upstream,
        OWN_ROUTE: exchange.route,
    }
    if exchange.attempt > 1:
        found[RESENDS] = exchange.attempt - 1
    judgement = response.judgement if response is not None else None
    if judgement is not None and judgement.kind != "done":
        found[JUDGEMENT] = judgement.reason
    return found | _outcome(response.status if response else None, error, failing=400)


def of_model(exchange: Exchange) -> Mapping[str, Value]:
    """What a call of Gemini's API asks of which model; empty where it is no such call."""
    path = exchange.request.target.partition("?")[0]
    found = _CALL.search(path)
    operation = _OPERATIONS.get(found[2]) if found else _COMPATIBLE.get(path.partition(_BASE)[2])
    if operation is None:
        return {}
    model = found[1] if found else model_in_body(exchange)
    return {PROVIDER: _GEMINI, OPERATION: operation, MODEL: model} if model else {}


def of_tokens(tokens: Tokens | None) -> Mapping[str, Value]:
    """What an answer says of its tokens; nothing where it says nothing.

    "MUST NOT report" when they cannot be obtained (GenAI metrics, `gen_ai.client.token.usage`).
    """
    if tokens is None:
        return {}
    found: dict[str, Value] = {INPUT_TOKENS: tokens.input, OUTPUT_TOKENS: tokens.output}
    return found | {CACHED_TOKENS: tokens.cached} if tokens.cached else found


def _method(method: str) -> dict[str, Value]:
    if method in _METHODS:
        return {METHOD: method}
    return {METHOD: _OTHER, METHOD_GIVEN: redact.printable(method, _MOST_METHOD)}


def _outcome(status: int | None, error: str | None, *, failing: int) -> dict[str, Value]:
    """Status and error. A status from `failing` on is one: 5xx to a server, 4xx to a client too."""
    found: dict[str, Value] = {} if status is None else {STATUS: status}
    if error is not None:
        found[ERROR] = error
    elif status is not None and status >= failing:
        found[ERROR] = str(status)
    return found
