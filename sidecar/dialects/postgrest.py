"""PostgREST behind Supabase's gateway: PGRST codes, SQLSTATE, and the gateway's own statuses.

Sources: docs.postgrest.org, "Errors"; PostgreSQL, appendix A and §13.5; supabase.com/docs,
"HTTP status codes". PostgREST runs each request in one transaction: an error that PostgreSQL
reports has rolled it back.
"""

import re

from sidecar.core.json_path import field
from sidecar.dialects import plain
from sidecar.dialects.body import header, json_of
from sidecar.dialects.retry_after import retry_after
from sidecar.exchange import RawHeaders
from sidecar.judgement import Judgement, Kind, Verdict

_Rule = tuple[Verdict, Kind]
_DOWN: _Rule = ("failure", "refused")
_LOST: _Rule = ("failure", "ambiguous")
_CONTENDED: _Rule = ("ignore", "refused")
_NEVER: _Rule = ("ignore", "permanent")

_GATEWAY: dict[int, Judgement] = {
    # Paused: answers at once, until its owner wakes it.
    540: Judgement("ignore", "permanent", "supabase_540"),
    # Not completed within the gateway's limit; it may complete yet.
    544: Judgement("failure", "ambiguous", "supabase_544"),
    # This function, with this input, used up its worker; it ran in part.
    546: Judgement("ignore", "ambiguous", "supabase_546", most_attempts=2),
}

_CODES: dict[str, _Rule] = {
    "PGRST000": _DOWN,  # could not connect
    # Connection lost, maybe while the query ran (PostgREST gives it for any libpq client error).
    "PGRST001": _LOST,
    "PGRST002": _DOWN,  # could not connect to build the schema cache
    "PGRST003": _DOWN,  # no connection of the pool came free in time: nothing ran
    "PGRSTX00": _LOST,  # internal
    # Serialization failure, deadlock: rolled back so that others could go on; §13.5.3 says to
    # repeat. A healthy database does this under contention.
    "40000": _CONTENDED,
    "40001": _CONTENDED,
    "40P01": _CONTENDED,
    "40002": _NEVER,  # integrity constraint
    "40003": _LOST,  # statement completion unknown
    "55P03": _CONTENDED,  # lock not available
    # Statement timeout: the same query is as slow again, and says nothing about others.
    "57014": _NEVER,
    "57P03": _DOWN,  # cannot connect now: starting up or shutting down
    "53400": _NEVER,  # this query is over a configured limit
}

_CLASSES: dict[str, _Rule] = {
    "08": _LOST,  # connection exception; 08007 is "transaction resolution unknown"
    "53": _DOWN,  # insufficient resources: rolled back, or never connected
    "57": _LOST,  # operator intervention: a shutdown may come after the commit
    "58": _LOST,  # system error
    "F0": _LOST,  # configuration file
    "HV": _LOST,  # a foreign server may have done its part
    "XX": _LOST,  # internal error
    # What the caller, the schema or a function is to blame for.
    **dict.fromkeys(("09", "0A", "0B", "0F", "0L", "0P", "0Z"), _NEVER),
    **dict.fromkeys((f"2{digit}" for digit in "0123456789BDF"), _NEVER),
    **dict.fromkeys(("34", "38", "39", "3B", "3D", "3F"), _NEVER),
    **dict.fromkeys(("42", "44", "54", "55", "72", "P0"), _NEVER),
}

_PGRST = re.compile(r"PGRST[123]\d{2}")
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
_IN_PROXY_STATUS = re.compile(rb"PostgREST\s*;\s*error=\"?([0-9A-Z]{5,9})\b")


def judge(method: str, status: int, headers: RawHeaders, body: bytes, wall: float) -> Judgement:
    """By the code, wherever it is known; by the status else. Waits are Retry-After's."""
    if status < 400:
        return plain.DONE
    if status in _GATEWAY:
        return _GATEWAY[status]._replace(wait=retry_after(headers, wall))
    found = _rule(_code(headers, body))
    if found is None:
        return plain.judge(method, status, headers, body, wall)
    name, (verdict, kind) = found
    return Judgement(verdict, kind, f"pgrst_{name}", retry_after(headers, wall))


first_frame = plain.first_frame
streams = plain.streams
end_of = plain.end_of


def _code(headers: RawHeaders, body: bytes) -> str:
    """`code` of the body; without one, as for HEAD, the Proxy-Status that PostgREST sends."""
    code = field(json_of(headers, body), "code")
    if isinstance(code, str):
        return code
    named = _IN_PROXY_STATUS.search(header(headers, b"proxy-status"))
    return named[1].decode() if named else ""


def _rule(code: str) -> tuple[str, _Rule] | None:
    """The rule for a code, and the name that it goes by."""
    if code in _CODES:
        return code, _CODES[code]
    if _PGRST.fullmatch(code):  # groups 1, 2 and 3: the request, the schema cache, the token
        return code[:6], _NEVER
    if _SQLSTATE.fullmatch(code) and code[:2] in _CLASSES:
        return code[:2], _CLASSES[code[:2]]
    return None
