"""Against the tree: what would open the admin listener, and drills that hit nothing."""

import pytest

from sidecar.loader.document import parse
from sidecar.loader.guarded import unguarded

UPSTREAMS = "upstreams: {api: {url: 'https://x', routes: [{name: users}]}}\n"


def problems(text):
    root, broken = parse(text, "t")
    assert not broken
    return [problem.text for problem in unguarded(root)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 0),
        ("listen: {admin: '127.0.0.1:1'}", 0),
        ("listen: {admin: null}", 0),
        ("listen: {admin: 'unix:/run/a'}", 0),
        ("listen: {admin: 'not an address'}", 0),
        ("listen: {admin: '0.0.0.0:9901'}", 1),
        ("listen: {admin: '[::]:9901'}", 1),
        ("listen: {admin: '0.0.0.0:9901'}\nadmin: {token: null}", 1),
        ("listen: {admin: '0.0.0.0:9901'}\nadmin: {token: abcdefghijklmnop}", 0),
    ],
)
def test_an_address_that_others_reach_needs_a_token(text, found):
    said = problems(UPSTREAMS + text)
    assert len(said) == found
    assert all("listen.admin: others reach this address: set admin.token" in each for each in said)


@pytest.mark.parametrize(
    ("url", "admin", "found"),
    [
        ("http://127.0.0.1:9901", None, 1),
        ("http://localhost:9901/x", None, 1),
        ("http://127.0.0.1:9902", None, 0),
        ("http://10.0.0.5:9901", None, 0),
        ("http://10.0.0.5:9901", "10.0.0.5:9901", 1),
        ("http://127.0.0.1:9901", "127.0.0.1:9902", 0),
        ("http://127.0.0.1:x", None, 0),
    ],
)
def test_no_upstream_leads_to_the_admin_listener(url, admin, found):
    listen = f"listen: {{admin: '{admin}'}}\nadmin: {{token: abcdefghijklmnop}}\n" if admin else ""
    said = problems(f"{listen}upstreams: {{api: {{url: '{url}'}}}}")
    assert len([each for each in said if "never to be reached" in each]) == found


@pytest.mark.parametrize(
    ("allowed", "found"), [("", 1), ("allowed: false, ", 1), ("allowed: true, ", 0)]
)
def test_drills_must_be_allowed(allowed, found):
    drills = f"drills: {{{allowed}active: [{{fault: hang, upstream: api}}]}}"
    said = problems(UPSTREAMS + drills)
    assert len(said) == found
    assert all("set drills.allowed to true" in each for each in said)


@pytest.mark.parametrize(
    ("drill", "said"),
    [
        ("upstream: api", []),
        ("upstream: api, route: users", []),
        ("upstream: api, route: default", []),
        ("upstream: api, route: '*'", []),
        (
            "upstream: apl",
            ["drills.active[0].upstream: there is no such upstream (did you mean 'api'?)"],
        ),
        (
            "upstream: api, route: user",
            ["drills.active[0].route: there is no such route (did you mean 'users'?)"],
        ),
    ],
)
def test_a_drill_hits_an_upstream_and_a_route_that_exist(drill, said):
    drills = f"drills: {{allowed: true, active: [{{fault: hang, {drill}}}]}}"
    assert problems(UPSTREAMS + drills) == said


@pytest.mark.parametrize(("count", "said"), [(32, 0), (33, 1), (40, 1)])
def test_more_drills_than_run_at_once_are_refused(count, said):
    active = ", ".join(["{fault: hang, upstream: api}"] * count)
    found = problems(UPSTREAMS + f"drills: {{allowed: true, active: [{active}]}}")
    assert found == ["drills.active[32]: more than 32 drills at once"] * said
