"""Which names say who is asking, and that cache, media memory and ledger agree in it."""

import pytest

from sidecar.core.cache.credentials import credentials_in_query, names_a_credential
from sidecar.core.cache.key import KeyRule
from sidecar.core.ledger_key import LedgerKeys
from sidecar.core.media import Callers
from tests.support.builders import exchange, request

TELLING = (
    b"Authorization apikey X-Api-Key x-goog-api-key Cookie X-Auth-Token Private-Token X-User-Id"
    b" X-Shopify-Access-Token X-Tenant-Id X-Tenant X-Role X-Hasura-Role X-Roles X-Email"
    b" X-Forwarded-Email From X-On-Behalf-Of X-OnBehalfOf X-Act-As Act-As X-ActAs X-Actor"
    b" Impersonate-User X-Impersonated-By Client-Cert X-Forwarded-Client-Cert X-Client-Cert-Dn"
    b" X-SSL-Client-S-DN DPoP X-Bearer X-Subject X-Sub sub X-UID uid X-Realm X-Schema X-Database"
    b" X-Workspace X-Shop X-Shop-Domain X-Merchant X-Login X-Ticket X-Org Org X-Organization"
    b" OpenAI-Organization X-Organisation OpenAI-Project X-Project X-Account X-Pin X_Role"
    b" X-Org-Id X-OrgId X-Team-Id"
).split()
PLAIN = (
    b"Accept Accept-Profile Content-Profile Content-Type Host Prefer Range traceparent tracestate"
    b" X-Request-Id X-Client-Info User-Agent X-Forwarded-For X-Forwarded-From X-Subscribe"
    b" X-Factor X-Refactored X-Workshop X-Guid X-Organic X-Projection X-Parole X-Shopping X-Ping"
    b" X-Exact-Assets X-Contract-Assets X-Ticketed X-Goog-Api-Client Sec-Fetch-User Idempotency-Key"
    b" X-Sidecar-Token X-Amzn-Trace-Id Stripe-Version"
).split()

RULE = KeyRule("api", b"secret")
LEDGER = LedgerKeys("X-Request-Key", b"secret")


@pytest.mark.parametrize("name", TELLING)
def test_a_name_that_says_who_asks_does_so_in_any_case(name):
    assert names_a_credential(name)
    assert names_a_credential(name.lower())
    assert names_a_credential(name.upper())


@pytest.mark.parametrize("name", PLAIN)
def test_a_name_that_only_has_such_letters_in_it_says_nothing(name):
    assert not names_a_credential(name)


@pytest.mark.parametrize("name", [*TELLING, *PLAIN])
def test_cache_media_and_ledger_agree_on_who_a_caller_is(name):
    def callers(tell):
        return len({tell([(name, value)]) for value in (b"one", b"two")})

    def ledger_key(headers):
        return LEDGER.key(exchange(request("POST", headers=[(b"X-Request-Key", b"k"), *headers])))

    expected = 2 if name in TELLING else 1
    assert callers(ledger_key) == expected
    assert callers(lambda headers: RULE.of(request(headers=headers))) == expected
    assert callers(Callers(b"secret").of) == expected


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/a", []),
        ("/key=1", []),
        ("/a?", []),
        ("/a?select=id&limit=1", []),
        ("/a?alt=sse&key=one", [b"key=one"]),
        ("/a?access_token=x&b=1&api_key=y", [b"access_token=x", b"api_key=y"]),
        ("/a?k%65y=x", [b"k%65y=x"]),
        ("/a?token", [b"token"]),
        ("/a?key=\udcff", [b"key=\xff"]),
    ],
)
def test_parameters_that_look_like_credentials_are_found_as_they_came(target, found):
    assert credentials_in_query(target) == found
