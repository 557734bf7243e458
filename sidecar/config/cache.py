"""Which answers are kept and used again. Field docstrings are the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from sidecar.config.json_path import JsonPath
from sidecar.config.prefetch_target import PrefetchTarget
from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Duration, Flag, Size, Text, one_or_many, whole

Status = Annotated[int, Field(ge=200, le=599), BeforeValidator(whole)]


@dataclass(frozen=True, slots=True)
class StaticAnswer:
    """An answer that is given when nothing better is left."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    status: Status = 200
    """Its status."""
    content_type: Text = "application/json"
    """Its `Content-Type`."""
    body: str = ""
    """Its body, as text."""


@dataclass(frozen=True, slots=True)
class Prefetch:
    """A call that is likely to come next, made ahead with the credentials of this one."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    target: PrefetchTarget
    """Path and query at the same upstream. `{$.account_id}` is a field of the JSON answer,
    `{$[*].account_id}` one of each row, `{name}` a part of this route's path, `{?name}` a value of
    this request's query."""
    most: Count = 10
    """The most calls that one answer leads to."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Answers that are kept and used again. Off unless `ttl` or `mode: rfc9111` is given."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    mode: Literal["ttl", "rfc9111"] = "ttl"
    """`ttl`: for as long as is written here, unless the upstream says `no-store`. `rfc9111`: for as
    long as the upstream's headers say, as a shared cache."""
    ttl: Duration = 0.0
    """How long a 200 is fresh. Never longer than the token of the request is valid."""
    override_no_store: Flag = False
    """In mode `ttl`: whether answers are kept although the upstream says `no-store`, as some APIs
    do for all they send."""
    negative: Mapping[Status, Duration] = field(default_factory=dict)
    """How long answers with other statuses are fresh: `{404: 30s, 401: 5s}`. 429 and 5xx are never
    kept."""
    shared: Flag = False
    """Whether one user's answer may be given to another: only for what is public. Otherwise
    the credentials of a request are part of the key: every header that looks like one, and the
    query."""
    per: Literal["credential"] = "credential"
    """Whom an answer is kept for, unless it is `shared`."""
    stale_while_revalidate: Duration = 0.0
    """How long after its lifetime an answer is still given at once, while it is fetched anew. In
    mode `rfc9111`: where the upstream does not say so itself, and does not forbid it."""
    stale_if_error: Duration = 0.0
    """How long after its lifetime an answer is given where the upstream fails, or its breaker is
    open. In mode `rfc9111`: where the upstream does not say so itself, and does not forbid it."""
    written_if_error: Flag = False
    """Whether that holds for what a write through the sidecar has dropped, too: then whoever wrote
    may be shown what was there before, with `X-Sidecar-Degraded: stale`."""
    refresh_ahead: Flag = True
    """Whether answers that are asked for often are fetched anew shortly before they go stale."""
    tags: Annotated[
        tuple[Text, ...],
        BeforeValidator(one_or_many, json_schema_input_type=Text | tuple[Text, ...]),
    ] = ()
    """What an answer is made from, so that it can be dropped: names of your choice, and `table`
    for the PostgREST tables that the request reads."""
    sort_query: Flag = False
    """Whether requests that differ only in the order of their query parameters are the same; the
    values of one name keep theirs."""
    headers: tuple[Text, ...] = (
        "Accept",
        "Accept-Profile",
        "Prefer",
        "Range",
        "Accept-Encoding",
        "Accept-Language",
    )
    """In mode `ttl`: request headers that are part of the key, beside those that the upstream
    names in `Vary`."""
    post: Flag = False
    """Whether a POST is a read: its body then is part of the key."""
    when: Mapping[JsonPath, Text | int | float | bool] = field(default_factory=dict)
    """JSON paths of the request's body and what must be there: `{$.generationConfig.temperature:
    0}`. Other requests are not kept."""
    max_object: Size = 1024 * 1024
    """Longer bodies are not kept."""
    fallback: StaticAnswer | None = None
    """The answer to a GET where the upstream fails and nothing is kept."""
    prefetch: tuple[Prefetch, ...] = ()
    """Calls that are made ahead when this route was answered."""
    enforce: Flag = True
    """`false`: only counts what would have been a hit."""

    @property
    def is_on(self) -> bool:
        """Whether anything is kept at all."""
        return self.mode == "rfc9111" or self.ttl > 0 or bool(self.negative)
