"""From variables to upstreams, and to a configuration that loads."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.findings.assignment import Assignment, Place
from sidecar.core.findings.found import found
from sidecar.core.findings.providers import other_upstream, provider_of
from sidecar.core.findings.written import written
from sidecar.loader import loads

SECRET = "s3cret-Value"
SUPABASE = {"SUPABASE_URL": "https://abcd.supabase.co", "SUPABASE_ANON_KEY": SECRET}
PUBLIC = {"NEXT_PUBLIC_SUPABASE_URL": "https://abcd.supabase.co"}
GEMINI = {"GEMINI_API_KEY": SECRET}
GEMINI_URL = {"GOOGLE_GEMINI_BASE_URL": "https://gateway.test"}
WHATSAPP = {"WHATSAPP_TOKEN": SECRET, "WHATSAPP_PHONE_NUMBER_ID": "123"}
OTHER = {"STRIPE_API_URL": "https://api.stripe.com", "OPENAI_BASE_URL": "https://api.openai.com/v1"}
PARTS = (SUPABASE, PUBLIC, GEMINI, GEMINI_URL, WHATSAPP, OTHER)
DEFAULT = "https://generativelanguage.googleapis.com"
OR_DEFAULT = f"${{GOOGLE_GEMINI_BASE_URL:-{DEFAULT}}}"
COMBINATIONS = [each for size in range(1, 7) for each in combinations(PARTS, size)]


def assigned(values):
    return tuple(
        Assignment(name, value, Place(".env", line))
        for line, (name, value) in enumerate(values.items(), 1)
    )


def upstream(name, values):
    findings = found(assigned(values))
    return next(each for each in findings.upstreams if each.name == name), findings


@pytest.mark.parametrize("parts", COMBINATIONS)
def test_every_combination_gives_a_configuration_that_loads_and_holds_no_value(parts):
    values = {name: value for part in parts for name, value in part.items()}
    findings = found(assigned(values))
    text = written(findings, [".env"])
    loaded = loads(text, env=values)
    needed = [each.name for each in findings.upstreams if not each.offered]
    assert list(loaded.config.upstreams) == needed
    assert (loaded.warnings, findings.unclear) == ((), ())
    assert not any(value in text for value in (SECRET, "abcd", "gateway", "api.stripe"))
    assert len(text.splitlines()) <= 36
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("parts", COMBINATIONS)
def test_what_is_offered_loads_too_once_it_is_uncommented(parts):
    values = {name: value for part in parts for name, value in part.items()}
    findings = found(assigned(values))
    head, marker, offers = written(findings, [".env"]).partition("  # APIs without a preset")
    rest = offers.partition("\n")[2].replace("  # ", "  ", -1) if marker else ""
    text = head + rest.replace("  # #", "  #")
    assert list(loads(text, env=values).config.upstreams) == [e.name for e in findings.upstreams]


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("SUPABASE_SERVICE_ROLE_KEY", "supabase"),
        ("NEXT_PUBLIC_SUPABASE_PUBLISHABLE_DEFAULT_KEY", "supabase"),
        ("VITE_SUPABASE_URL", "supabase"),
        ("SUPABASE_JWT_SECRET", "supabase"),
        ("SUPABASE_DB_PASSWORD", None),
        ("GOOGLE_API_KEY", "gemini"),
        ("GOOGLE_GENERATIVE_AI_API_KEY", "gemini"),
        ("GOOGLE_MAPS_API_KEY", None),
        ("GOOGLE_GEMINI_BASE_URL", "gemini"),
        ("WHATSAPP_ACCESS_TOKEN", "whatsapp"),
        ("META_APP_SECRET", "whatsapp"),
        ("META_PIXEL_ID", None),
        ("WHATSAPP_CLOUD_API_URL", "whatsapp"),
        ("WHATSAPP_WEBHOOK_URL", None),
        ("WA_PHONE_NUMBER_ID", "whatsapp"),
        ("PATH", None),
    ],
)
def test_names_tell_of_providers(name, provider):
    found_provider = provider_of(name)
    assert (found_provider.name if found_provider else None) == provider


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("STRIPE_API_URL", "stripe"),
        ("MY_SHOP_BASE_URL", "my-shop"),
        ("NEXT_PUBLIC_API_URL", None),
        ("API_URL", None),
        ("BASE_URL", None),
        ("DATABASE_URL", None),
        ("WHATSAPP_MEDIA_BASE_URL", None),
    ],
)
def test_other_urls_give_an_upstream_its_name(name, called):
    assert other_upstream(name) == called


@pytest.mark.parametrize(
    "value", ["http://a.test", "https://u:p@a.test", "https://a.test/?k=1", "https://localhost", ""]
)
def test_an_url_that_is_no_plain_https_api_is_not_offered(value):
    assert found(assigned({"SHOP_API_URL": value})).upstreams == ()


def test_what_is_not_for_browsers_is_preferred():
    supabase, _ = upstream("supabase", {**PUBLIC, **SUPABASE})
    assert supabase.url == "${SUPABASE_URL}"
    only, _ = upstream("supabase", PUBLIC)
    assert only.url == "${NEXT_PUBLIC_SUPABASE_URL}"


def test_keys_without_an_url_are_said():
    supabase, findings = upstream("supabase", {"SUPABASE_KEY": SECRET})
    assert supabase.url == "${SUPABASE_URL}"
    assert "SUPABASE_URL is in none of the files" in findings.unclear[0].message


@pytest.mark.parametrize(
    ("name", "value", "url", "said"),
    [
        ("GOOGLE_GEMINI_BASE_URL", "https://g.test", OR_DEFAULT, None),
        ("GOOGLE_GEMINI_BASE_URL", "", OR_DEFAULT, None),
        ("GOOGLE_GEMINI_BASE_URL", "https://g.test/v1", DEFAULT, "has a path"),
        ("GOOGLE_GEMINI_BASE_URL", f"https://u:{SECRET}@g.test", DEFAULT, "has credentials"),
        ("GOOGLE_GEMINI_BASE_URL", "g.test", DEFAULT, "is no http or https URL"),
        ("GOOGLE_GEMINI_BASE_URL", "https://[", DEFAULT, "is no URL"),
        ("GOOGLE_GEMINI_BASE_URL", "http://localhost:8080/gemini", DEFAULT, "leads to where"),
        ("SUPABASE_URL", "http://127.0.0.1:8080/supabase", "${SUPABASE_URL}", "leads to where"),
        ("SUPABASE_URL", "http://127.0.0.1:54321", "${SUPABASE_URL}", None),
    ],
)
def test_an_url_that_no_upstream_can_have_is_said_and_not_shown(name, value, url, said):
    findings = found(assigned({name: value}))
    assert findings.upstreams[0].url == url
    messages = [each.message for each in findings.unclear]
    assert messages == [] if said is None else said in messages[0]
    assert SECRET not in str(messages)


def test_a_second_project_is_said():
    values = {"SUPABASE_URL": "https://a.supabase.co", "SUPABASE_API_URL": "https://b.supabase.co"}
    (unclear,) = found(assigned(values)).unclear
    assert unclear.message.startswith("SUPABASE_API_URL differs from SUPABASE_URL")
    assert str(unclear.place) == ".env:2"


def test_the_name_of_a_file_cannot_leave_its_comment():
    text = written(found(assigned(GEMINI)), ["a\nupstreams: {}"])
    assert list(loads(text, env={}).config.upstreams) == ["gemini"]


NAMES = st.sampled_from([name for part in PARTS for name in part])


@given(st.dictionaries(NAMES, st.text(alphabet="§", min_size=1) | st.none(), min_size=1))
def test_no_value_gets_into_what_is_written_or_said(values):
    findings = found(assigned(values))
    if findings.upstreams:
        assert "§" not in written(findings, [".env"])
    assert "§" not in str(findings.unclear)
    assert "§" not in str(findings.upstreams)
