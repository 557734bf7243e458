"""Request targets reach the upstream byte for byte."""

import pytest

from tests.support.ports import free_port
from tests.support.proxied import proxied
from tests.support.raw import ask, get
from tests.support.steps import OK

TARGETS = [
    "/",
    "/rest/v1/t?select=id%2Cname",
    "/rest/v1/t?select=id,name&or=(a.eq.1,b.eq.2)",
    "/a%2Fb/%2e%2e/c",
    "/%zz",
    "/%",
    "//ws/google.ai.Service?key=k",
    "///",
    "/../x",
    "/a/./b/../c",
    "/x?a=1&a=2&b=&c&=d&&",
    "/x?",
    "/x??",
    "/x?q=a;b*c!d[]^|~",
    "/x?q=a+b%20c%7E",
    "/x?u=http://other.test/y?z",
    "/x?q=\"<>\\`{}'",
    "/models/m:generateContent",
    "/object/dir%20x/uni(1).bin",
    "/obj;v=1,2@$",
    "/upload:MTph==?sig=ARZ",
    "/%41%3A%3a",
    "/http://other.test/",
    "/*",
    "/x?" + "in=" + "a,%2C" * 3000,
]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[:40])
@pytest.mark.parametrize("by", ["prefix", "port", "host"])
async def test_target_arrives_byte_for_byte(target, by):
    settings = {"port": free_port(), "hosts": ("api.internal",)}
    async with proxied(OK, **settings) as (sidecar, origin):
        if by == "prefix":
            answer = await ask(sidecar.proxy, get("/api" + target))
        elif by == "port":
            answer = await ask(sidecar.port("api"), get(target))
        else:
            answer = await ask(sidecar.proxy, get(target, host="api.internal"))
        assert answer.status == 200
        assert origin.requests[0].target == target.encode()
