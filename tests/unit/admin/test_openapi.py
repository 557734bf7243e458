"""The description of the admin API, as a validator of OpenAPI reads it."""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from sidecar.admin.breakers import breaker_endpoints
from sidecar.admin.cache import cache_endpoints
from sidecar.admin.drills import drill_endpoints
from sidecar.admin.endpoint import Answer, Endpoint, Parameter
from sidecar.admin.log_level import log_level_endpoints
from sidecar.admin.openapi import describe, openapi_endpoint
from sidecar.admin.queue import queue_endpoints
from sidecar.admin.state import state_endpoints
from sidecar.faults import FAULTS


async def nothing(_):
    return Answer({})


ALL = (
    *breaker_endpoints(None, None),
    *cache_endpoints(None),
    *drill_endpoints(None, {}),
    *log_level_endpoints(None),
    *queue_endpoints(object()),
    *state_endpoints(None),
)


def test_a_validator_finds_nothing_wrong():
    errors = list(OpenAPIV31SpecValidator(describe(ALL)).iter_errors())
    assert errors == []


async def test_it_describes_every_endpoint_and_itself():
    own = openapi_endpoint(ALL)
    document = (await own.handle(None)).value
    described = sum(len(methods) for methods in document["paths"].values())
    assert described == len(ALL) + 1
    assert "/admin/openapi.json" in document["paths"]
    names = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(set(names)) == len(names)


def test_parts_of_a_path_are_parameters_and_choices_are_words():
    forcing = describe(ALL)["paths"]["/admin/circuit-breakers/{name}/{action}"]["post"]
    by_name = {each["name"]: each for each in forcing["parameters"]}
    assert by_name["name"]["required"]
    assert by_name["action"]["schema"]["enum"] == ["open", "close", "observe"]
    assert by_name["for"]["in"] == "query"
    assert by_name["X-Sidecar-Admin"]["required"]
    assert "404" in forcing["responses"]
    body = forcing["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"for", "reason", "by"}


def test_an_expression_with_braces_is_left_out_of_the_path():
    endpoint = Endpoint("GET", "/admin/x/{id:[0-9a-z]{36}}/y", "x", nothing)
    assert list(describe([endpoint])["paths"]) == ["/admin/x/{id}/y"]


def test_reading_takes_no_header_and_no_body():
    pools = describe(ALL)["paths"]["/admin/pools"]["get"]
    assert "requestBody" not in pools
    assert [each["name"] for each in pools["parameters"]] == ["upstream", "format"]


@pytest.mark.parametrize(
    ("parameter", "schema"),
    [
        (Parameter("a", "x"), {"type": "string"}),
        (Parameter("a", "x", "flag"), {"type": "boolean"}),
        (Parameter("a", "x", "number"), {"type": "number"}),
        (Parameter("a", "x", one_of=("b", "c")), {"type": "string", "enum": ["b", "c"]}),
    ],
)
def test_what_a_parameter_may_be(parameter, schema):
    operation = describe([Endpoint("GET", "/admin/x", "x", nothing, "", (parameter,))])
    assert operation["paths"]["/admin/x"]["get"]["parameters"][0]["schema"] == schema


def test_the_faults_that_there_are_are_those_that_may_be_begun():
    begin = describe(ALL)["paths"]["/admin/drills"]["post"]
    fault = next(each for each in begin["parameters"] if each["name"] == "fault")
    assert set(fault["schema"]["enum"]) == set(FAULTS)
