import pytest
from pydantic import TypeAdapter, ValidationError

from sidecar.config.admin import Admin
from sidecar.config.drills import Drills

DRILLS, ADMIN = TypeAdapter(Drills), TypeAdapter(Admin)


def test_a_drill_ends_by_itself_after_ten_minutes_and_hits_every_call():
    made = DRILLS.validate_python({"active": [{"fault": "hang", "upstream": "api"}]}).active[0]
    assert (made.lasts, made.percent, made.route, made.delay) == (600.0, 100.0, None, None)
    assert DRILLS.validate_python({}).allowed is False


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fault", "hangs"),
        ("lasts", "25h"),
        ("lasts", "0s"),
        ("lasts", 10),
        ("percent", 0),
        ("percent", 101),
        ("percent", True),
        ("delay", "0s"),
        ("for", "10m"),
    ],
)
def test_what_is_no_drill_is_refused(key, value):
    with pytest.raises(ValidationError) as caught:
        DRILLS.validate_python({"active": [{"fault": "hang", "upstream": "api", key: value}]})
    assert caught.value.errors()[0]["loc"] == ("active", 0, key)


@pytest.mark.parametrize("name", ["503_retry_after", "supabase.57014", "whatsapp.131056"])
def test_a_name_that_begins_or_ends_with_digits_is_a_text(name):
    from sidecar.loader.document import parse
    from sidecar.loader.tree import plain

    root, problems = parse(f"drills: {{active: [{{fault: {name}, upstream: api}}]}}", "t")
    assert not problems
    assert DRILLS.validate_python(plain(root)["drills"]).active[0].fault == name


@pytest.mark.parametrize("token", ["short", "with a space in it", "héhéhéhéhéhéhéhé", 12345, ""])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused(token):
    with pytest.raises(ValidationError, match="at least 16 characters"):
        ADMIN.validate_python({"token": token})
