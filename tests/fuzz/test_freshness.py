"""RFC 9111's arithmetic of age and lifetime, against a few lines that know nothing of the code."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache.dates import format_date
from sidecar.core.cache.model import Entry, Head
from sidecar.core.cache.rfc9111 import Rfc9111
from sidecar.core.cache.ttl import Forced
from sidecar.exchange import Request
from tests.fuzz.budget import few

NOW = 1_700_000_000.0
SECONDS = st.none() | st.integers(0, 400)


class Said(NamedTuple):
    """What a response says of its freshness, as numbers."""

    max_age: int | None
    s_maxage: int | None
    expires: int | None
    """Seconds from when it was received."""
    date: int | None
    """The same, before that."""
    modified: int | None
    """The same, before `date`, or before it was received."""
    age: int | None
    no_cache: bool
    no_store: bool
    private: bool
    must_revalidate: bool
    stale_while: int | None
    stale_error: int | None

    def headers(self):
        words = {
            "max-age": self.max_age,
            "s-maxage": self.s_maxage,
            "stale-while-revalidate": self.stale_while,
            "stale-if-error": self.stale_error,
        }
        said = [f"{name}={value}" for name, value in words.items() if value is not None]
        flags = ("no-cache", "no-store", "private", "must-revalidate")
        given_ = (self.no_cache, self.no_store, self.private, self.must_revalidate)
        said += [name for name, is_so in zip(flags, given_, strict=True) if is_so]
        fields = [(b"Cache-Control", ", ".join(said).encode())] if said else []
        made = NOW - (self.date or 0)
        if self.date is not None:
            fields.append((b"Date", format_date(made)))
        if self.expires is not None:
            fields.append((b"Expires", format_date(NOW + self.expires)))
        if self.modified is not None:
            fields.append((b"Last-Modified", format_date(made - self.modified)))
        if self.age is not None:
            fields.append((b"Age", b"%d" % self.age))
        return fields

    def lifetime(self):
        """§4.2.1."""
        for each in (self.s_maxage, self.max_age):
            if each is not None:
                return float(each)
        made = NOW - (self.date or 0)
        if self.expires is not None:
            return max(0.0, NOW + self.expires - made)
        return min(86400.0, self.modified / 10) if self.modified is not None else 0.0

    def age_at(self, asked_at, now):
        """§4.2.3."""
        apparent = max(0.0, float(self.date or 0))
        corrected = (self.age or 0) + (NOW - asked_at)
        return max(apparent, corrected) + (now - NOW)


RESPONSES = st.builds(
    Said,
    SECONDS, SECONDS, SECONDS, SECONDS, st.none() | st.integers(0, 4000), SECONDS,
    *[st.sampled_from([False, False, False, True])] * 4,
    SECONDS, SECONDS,
)  # fmt: skip


@few(300)
@given(RESPONSES, st.integers(0, 20), st.integers(0, 900), st.booleans())
def test_what_is_served_without_asking_is_fresh_and_what_is_fresh_is_served(
    said, took, later, authorized
):
    request = Request("GET", "/", [(b"Authorization", b"x")] if authorized else [])
    head, asked_at = Head(200, b"OK", said.headers()), NOW - took
    plan = Rfc9111().plan(request, head, asked_at, NOW)
    if plan is None:
        barred = said.no_store or said.private
        for_all = said.s_maxage is not None or said.must_revalidate
        useless = said.lifetime() <= said.age_at(asked_at, NOW)
        assert barred or (authorized and not for_all) or useless
        return
    assert not said.no_store
    assert not said.private
    now = NOW + later
    use = Rfc9111().lookup(Entry(head, b"", NOW, plan), request, now)
    fresh = said.lifetime() > said.age_at(asked_at, now)
    assert (use.kind == "serve") is (fresh and not said.no_cache)
    late = said.age_at(asked_at, now) - said.lifetime()
    barred = said.no_cache or said.must_revalidate or said.s_maxage is not None
    if use.kind == "serve_and_refresh":
        assert 0 <= late <= said.stale_while
        assert not barred
    if use.on_error:
        assert late <= said.stale_error
        assert not barred


ASKED = st.sampled_from(
    [[], [b"no-cache"], [b"max-age=5"], [b"max-age=0"], [b"only-if-cached"], [b"no-store"]]
)


@few(200)
@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 900), ASKED)
def test_a_configured_lifetime_is_kept_to_the_second(ttl, stale_while, stale_error, later, asked):
    rules = Forced(float(ttl), {}, float(stale_while), float(stale_error))
    request = Request("GET", "/", [(b"Cache-Control", each) for each in asked])
    plan = rules.plan(request, Head(200, b"OK", []), NOW, NOW)
    assert (plan is None) is (asked == [b"no-store"])
    plan = plan or rules.plan(Request("GET", "/", []), Head(200, b"OK", []), NOW, NOW)
    use = rules.lookup(Entry(Head(200, b"OK", []), b"", NOW, plan), request, NOW + later)
    if use.kind == "serve":
        assert later < ttl
        assert asked != [b"no-cache"]
        assert later <= 5 or asked != [b"max-age=5"]
    elif use.kind == "serve_and_refresh":
        assert ttl <= later <= ttl + stale_while
    elif use.kind == "refuse":
        assert asked == [b"only-if-cached"]
    else:
        assert later >= ttl or asked
        assert not use.on_error or later <= ttl + stale_error
