"""What may be said to the endpoints of `/admin/queue`; apart from them, for their length."""

from collections.abc import Mapping

from sidecar.admin.endpoint import Endpoint, Parameter

_WHICH = (
    Parameter("state", "some of the states, with commas between them"),
    Parameter("upstream", "of one upstream"),
    Parameter("route", "of one route"),
)
_PAGE = (
    Parameter("after", "the id of the last one that was seen"),
    Parameter("limit", "how many at the most", "number"),
)
_CHANGES = (
    Parameter("after", "how long until it is sent", "duration"),
    Parameter("expires", "how long until it is given up", "duration"),
    Parameter("body", "the text of a JSON value"),
    Parameter("note", "for people"),
    Parameter("authorization", "the value of its Authorization field"),
)
_RATE = Parameter("rate", "how fast, such as 10/s; all at once if not said")

_SAID: Mapping[tuple[str, bool], tuple[Parameter, ...]] = {
    ("queue", False): (*_WHICH, *_PAGE),
    ("edit", True): _CHANGES,
    ("replay", False): (*_WHICH, _RATE),
    ("discard", False): _WHICH,
}


def said_to(endpoint: Endpoint) -> tuple[Parameter, ...]:
    """By the last word of its path, and whether that is about one delivery or about many."""
    return _SAID.get((endpoint.path.rpartition("/")[2], "{" in endpoint.path), ())
