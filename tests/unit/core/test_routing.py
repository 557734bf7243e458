import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config import Config, Match, Route, Timeouts, Upstream
from sidecar.core.routing import RouteTable
from sidecar.errors import BadTarget, NoRoute

URL = "http://127.0.0.1:1"
REST = Route(
    "rest", Match(("GET",), "/rest/v1/**"), Timeouts(total=1.0), "postgrest", abandon="finish"
)
AUTH = Route("auth", Match((), "/auth/v1/{page}"), errors="supabase")
LATER = Route("later", Match(("GET", "POST"), "/rest/**"))
TABLE = RouteTable(
    {
        "api": Upstream(URL, routes=(REST, AUTH, LATER), timeouts=Timeouts(total=9.0)),
        "api-2": Upstream(URL, hosts=("Api.Internal", "[::1]", "127.0.0.2"), errors="graph"),
    }
)
TEXT = st.text(st.characters(codec="latin-1", exclude_characters="#"), max_size=20)


def resolve(target, method="GET", host="", bound=None):
    routed = TABLE.resolve(method, target, host, bound)
    return routed.route.upstream, routed.route.name, routed.target


@pytest.mark.parametrize(
    ("target", "left"),
    [
        ("/api/x", "/x"),
        ("/api/", "/"),
        ("/api", "/"),
        ("/api?x=1", "/?x=1"),
        ("/api/?x=1", "/?x=1"),
        ("/api//ws/google.ai?key=1", "//ws/google.ai?key=1"),
        ("/api/a%2Fb%2C?x=%20&x=&x&y=/api/?", "/a%2Fb%2C?x=%20&x=&x&y=/api/?"),
        ("/api/../x/./y", "/../x/./y"),
        ("/api/api/x", "/api/x"),
        ("/api/ü\udcff", "/ü\udcff"),
    ],
)
def test_prefix_is_taken_off_and_nothing_else(target, left):
    assert resolve(target) == ("api", "default", left)


@given(st.sampled_from(["api", "api-2"]), TEXT)
def test_prefix_and_what_is_left_are_the_target(name, rest):
    upstream, _, left = resolve(f"/{name}/{rest}")
    assert (upstream, f"/{name}" + left) == (name, f"/{name}/{rest}")


@given(TEXT)
def test_a_listener_or_host_of_its_own_leaves_the_target_alone(rest):
    assert resolve("/" + rest, bound="api-2")[2] == "/" + rest
    assert resolve("/" + rest, host="api.internal")[2] == "/" + rest


@pytest.mark.parametrize("target", ["/api/x#y", "/api#", "/api/x?a=1#b"])
@pytest.mark.parametrize("bound", [None, "api-2"])
def test_a_target_with_a_fragment_is_none(target, bound):
    with pytest.raises(BadTarget) as caught:
        resolve(target, bound=bound)
    assert caught.value.code == "bad_target"


@pytest.mark.parametrize(
    ("host", "upstream"),
    [
        ("api.internal", "api-2"),
        ("API.Internal", "api-2"),
        ("api.internal:8080", "api-2"),
        ("api.internal.", "api-2"),
        ("api.internal.:8080", "api-2"),
        ("[::1]", "api-2"),
        ("[::1]:8080", "api-2"),
        ("127.0.0.2:1", "api-2"),
        ("api.internal:x", "api"),
        ("x.api.internal", "api"),
        ("::1", "api"),
        ("[::1", "api"),
        ("127.0.0.1:8080", "api"),
        (":8080", "api"),
        (":", "api"),
        ("", "api"),
    ],
)
def test_host_selects_an_upstream_whatever_its_port_and_case(host, upstream):
    assert resolve("/api/x", host=host)[0] == upstream


def test_the_listener_counts_more_than_the_host_and_the_prefix():
    assert resolve("/api/x", host="api.internal", bound="api") == ("api", "default", "/api/x")


def test_the_host_counts_more_than_the_prefix():
    assert resolve("/api/x", host="api.internal") == ("api-2", "default", "/api/x")


@pytest.mark.parametrize(
    ("method", "target", "route"),
    [
        ("GET", "/rest/v1/users?select=*", "rest"),
        ("GET", "/rest/v1", "rest"),
        ("POST", "/rest/v1/users", "later"),
        ("DELETE", "/rest/v1/users", "default"),
        ("get", "/rest/v1/users", "default"),
        ("PURGE", "/auth/v1/user", "auth"),
        ("GET", "/auth/v1/user/x", "default"),
        ("GET", "/x?y=/rest/v1/users", "default"),
        ("GET", "/rest%2Fv1/users", "default"),
    ],
)
def test_first_route_that_matches_method_and_path_is_used(method, target, route):
    assert resolve("/api" + target, method)[1] == route


def test_a_route_carries_its_own_settings_and_the_default_its_upstreams():
    rest = TABLE.resolve("GET", "/api/rest/v1/x").route
    default = TABLE.resolve("GET", "/api/x").route
    other = TABLE.resolve("GET", "/api-2/x").route
    assert (rest.config.errors, rest.config.timeouts.total, rest.config.abandon) == (
        "postgrest",
        1.0,
        "finish",
    )
    assert (default.config.errors, default.config.timeouts.total, default.config.abandon) == (
        "generic",
        9.0,
        "auto",
    )
    assert other.config.errors == "graph"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/", "no_upstream"),
        ("/nope/x", "no_upstream"),
        ("/API/x", "no_upstream"),
        ("/apix", "no_upstream"),
        ("/api%2Fx", "no_upstream"),
        ("//api/x", "no_upstream"),
        ("/?/api/x", "no_upstream"),
        ("/_sidecar", "reserved_path"),
        ("/_sidecar/deliveries", "reserved_path"),
        ("/_sidecar?x", "reserved_path"),
    ],
)
def test_an_address_without_an_upstream_is_refused(target, code):
    with pytest.raises(NoRoute) as caught:
        resolve(target)
    assert (caught.value.code, caught.value.status) == (code, 404)


def test_the_refusal_names_what_is_configured_and_not_what_was_asked():
    with pytest.raises(NoRoute) as caught:
        resolve("/secret-token/x?apikey=1")
    assert "/api/, /api-2/" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("bound", [None, "api"])
@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("CONNECT", "example.com:443", "connect_method"),
        ("CONNECT", "http://example.com", "connect_method"),
        ("GET", "http://example.com/api/x", "absolute_form"),
        ("GET", "HTTPS://example.com/", "absolute_form"),
        ("OPTIONS", "*", "bad_target"),
        ("GET", "", "bad_target"),
        ("GET", "api/x", "bad_target"),
    ],
)
def test_targets_of_a_forward_proxy_are_refused_on_every_listener(method, target, code, bound):
    with pytest.raises(BadTarget) as caught:
        resolve(target, method, host="api.internal", bound=bound)
    assert (caught.value.code, caught.value.status) == (code, 400)


@given(st.text(max_size=30), st.text(max_size=12))
def test_any_target_is_routed_or_refused(target, host):
    try:
        _, _, left = resolve(target, host=host)
    except (NoRoute, BadTarget):
        return
    assert left.startswith("/")
    assert target.endswith(left) or left == "/" or left.startswith("/?")


def test_table_is_built_from_a_configuration_and_shows_its_size():
    table = RouteTable.from_config(Config(upstreams={"api": Upstream(URL, routes=(REST,))}))
    assert repr(table) == "<RouteTable api: 2>"


def test_an_empty_port_is_no_port():
    table = RouteTable({"a": Upstream("http://h", hosts=("x.test",))})
    assert table.resolve("GET", "/p", "x.test:").route.upstream == "a"
