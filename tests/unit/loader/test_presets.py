"""Presets, and which of several settings wins."""

from pathlib import Path

import pytest

from sidecar.core.routing import RouteTable
from sidecar.loader import ConfigErrors, loads, presets
from sidecar.loader.presets import names

PRESETS = Path(presets.__file__).parents[1] / "presets"


def supabase(more="", env=None):
    return loads(
        f"upstreams:\n  s:\n    preset: supabase\n    url: https://x\n{more}",
        name="f",
        env=env or {},
    )


def total(found, route):
    """The effective `total` of a route and its origin."""
    routes = found.config.upstreams["s"].routes
    index = next(n for n, each in enumerate(routes) if each.name == route)
    origin = found.origins["upstreams", "s", "routes", index, "timeouts", "total"]
    return routes[index].timeouts.total, str(origin)


@pytest.mark.parametrize("name", names())
def test_every_preset_is_valid_and_complete(name):
    found = loads(f"upstreams: {{a: {{preset: {name}, url: 'https://x'}}}}", env={})
    assert found.warnings == ()
    assert found.config.upstreams["a"].errors != "generic"
    assert found.config.upstreams["a"].routes


def test_every_shipped_preset_can_be_named_and_every_name_is_shipped():
    assert {file.stem for file in PRESETS.glob("*.yaml")} == set(names())


def test_presets_match_no_literal_version():
    for file in PRESETS.glob("*.yaml"):
        text = "\n".join(line.partition("#")[0] for line in file.read_text().splitlines())
        paths = [line for line in text.splitlines() if "path:" in line and "/v1/**" not in line]
        assert not [line for line in paths if "v1" in line or "/v2" in line], file.name


@pytest.mark.parametrize(
    ("upstream", "method", "target", "route"),
    [
        ("supabase", "GET", "/rest/v1/conversations?id=eq.1", "rest"),
        ("supabase", "POST", "/auth/v1/token?grant_type=password", "auth"),
        ("supabase", "POST", "/storage/v1/object/b/x.png", "storage"),
        ("supabase", "POST", "/functions/v1/hello", "functions"),
        ("supabase", "GET", "/realtime/v1/websocket", "realtime"),
        ("supabase", "GET", "/graphql/v1", "default"),
        ("whatsapp", "POST", "/v26.0/1234/messages", "messages"),
        ("whatsapp", "POST", "/v23.0/1234/media", "media"),
        ("whatsapp", "GET", "/v26.0/998877", "default"),
        ("gemini", "POST", "/v1beta/models/g-3:streamGenerateContent?alt=sse", "stream"),
        ("gemini", "POST", "/v1/models/g-3:generateContent", "generate"),
        ("gemini", "POST", "/v1/tunedModels/t:generateContent", "generate"),
        ("gemini", "POST", "/v1beta/models/g-3:countTokens", "count-tokens"),
        ("gemini", "POST", "/v1beta/models/e:batchEmbedContents", "embed-batch"),
        ("gemini", "POST", "/v1beta/openai/chat/completions", "openai-chat"),
        ("gemini", "POST", "/v1beta/openai/embeddings", "openai-embeddings"),
        ("gemini", "GET", "/v1beta/openai/models", "openai-models"),
        ("gemini", "GET", "/v1beta/openai/models/g-3", "openai-models"),
        ("gemini", "POST", "/v1beta/openai/files", "default"),
        ("gemini", "POST", "/v1beta/interactions", "interactions"),
        ("gemini", "GET", "/v1beta/interactions/i1?stream=true", "interactions"),
        ("gemini", "POST", "/upload/v1beta/files?upload_id=1", "upload"),
        ("gemini", "GET", "/v1/files/abc", "files"),
        ("gemini", "GET", "/v1/models", "models"),
        ("gemini", "GET", "//ws/google.ai", "default"),
    ],
)
def test_presets_know_the_requests_of_the_sdks(upstream, method, target, route):
    found = loads(f"upstreams: {{a: {{preset: {upstream}, url: 'https://x'}}}}", env={})
    table = RouteTable.from_config(found.config)
    assert table.resolve(method, target, bound="a").route.name == route


def test_the_gemini_preset_does_not_cut_a_generation_short():
    found = loads("upstreams: {a: {preset: gemini, url: 'https://x'}}", env={})
    routes = {route.name: route for route in found.config.upstreams["a"].routes}
    for name in ("stream", "generate", "openai-chat", "interactions"):
        assert min(routes[name].timeouts.first_byte, routes[name].timeouts.total) >= 300


@pytest.mark.parametrize(
    ("more", "env", "route", "expected"),
    [
        ("", {}, "rest", (10.0, "preset supabase")),
        ("", {}, "auth", (5.0, "preset supabase")),
        ("    timeouts: {total: 7s}\n", {}, "rest", (7.0, "f:5:23")),
        ("    timeouts: {total: 7s}\n", {}, "auth", (5.0, "preset supabase")),
        ("    timeouts: {connect: 1s}\n", {}, "rest", (10.0, "preset supabase")),
        ("    routes: [{name: auth, timeouts: {total: 9s}}]\n", {}, "auth", (9.0, "f:5:45")),
        (
            "    routes: [{name: auth, timeouts: {idle: 9s}}]\n",
            {},
            "auth",
            (5.0, "preset supabase"),
        ),
        ("    timeouts: {total: 7s}\n    routes: [{name: own}]\n", {}, "own", (7.0, "f:5:23")),
        (
            "    timeouts: {total: 7s}\n",
            {"SIDECAR__UPSTREAMS__S__TIMEOUTS__TOTAL": "8s"},
            "rest",
            (8.0, "env SIDECAR__UPSTREAMS__S__TIMEOUTS__TOTAL"),
        ),
        (
            "",
            {"SIDECAR__UPSTREAMS__S__ROUTES__AUTH__TIMEOUTS__TOTAL": "8s"},
            "auth",
            (8.0, "env SIDECAR__UPSTREAMS__S__ROUTES__AUTH__TIMEOUTS__TOTAL"),
        ),
    ],
)
def test_a_route_beats_its_upstream_and_the_user_beats_the_preset(more, env, route, expected):
    assert total(supabase(more, env), route) == expected


def test_without_anything_the_default_holds():
    found = loads("upstreams: {s: {url: 'https://x', routes: [{name: r}]}}", env={})
    assert total(found, "r") == (30.0, "default")


def test_the_users_routes_come_first_and_keep_their_place():
    found = supabase(
        "    routes:\n      - {name: storage, errors: generic}\n      - {name: mine}\n"
    )
    routes = found.config.upstreams["s"].routes
    assert [route.name for route in routes] == [
        "storage", "mine", "rest", "auth", "functions", "realtime",
    ]  # fmt: skip
    assert routes[0].match.path == "/storage/v1/**"
    assert routes[0].errors == "generic"
    assert routes[1].errors == "supabase"


def test_errors_are_inherited_where_the_route_says_nothing():
    found = supabase("    errors: generic\n")
    errors = {route.name: route.errors for route in found.config.upstreams["s"].routes}
    assert errors["rest"] == "postgrest"
    assert errors["auth"] == "generic"


def test_a_problem_is_reported_once_although_routes_inherit_it():
    with pytest.raises(ConfigErrors) as caught:
        supabase("    timeouts: {total: soon}\n")
    (problem,) = caught.value.problems
    assert str(problem).startswith("f:5:23: error: upstreams.s.timeouts.total: expected a duration")


@pytest.mark.parametrize(("changed", "kept"), [("ME", "auth"), ("AUTH", "me")])
def test_what_the_environment_sets_of_one_route_holds_for_no_other(changed, kept):
    found = supabase(
        "    routes: [{name: me, match: {path: /auth/v1/user}}]\n",
        {f"SIDECAR__UPSTREAMS__S__ROUTES__{changed}__TIMEOUTS__TOTAL": "1s"},
    )
    assert total(found, changed.lower())[0] == 1.0
    assert total(found, kept) == (5.0, "preset supabase")


def test_a_route_within_a_presets_paths_has_its_settings():
    found = loads(
        "upstreams: {s: {preset: supabase, url: 'https://x', routes: ["
        "{name: rows, match: {path: /rest/v1/rows}}, {name: other, match: {path: /x}}, "
        "{name: own, match: {path: /rest/v1/own}, errors: generic}]}}",
        env={},
    )
    routes = {route.name: route for route in found.config.upstreams["s"].routes}
    assert (routes["rows"].dialect, routes["rows"].errors) == ("postgrest", "postgrest")
    assert routes["rows"].match.path == "/rest/v1/rows"
    assert (routes["other"].dialect, routes["other"].errors) == ("plain", "supabase")
    assert (routes["own"].dialect, routes["own"].errors) == ("postgrest", "generic")
