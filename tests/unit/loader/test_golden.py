"""One file with many errors gives exactly these lines, all at once."""

from pathlib import Path

import pytest
import yaml

from sidecar.loader import ConfigErrors, document, load

GOLDEN = Path(__file__).parent / "golden"
CANARY = "canary-4711"


def found(env):
    with pytest.raises(ConfigErrors) as caught:
        load(GOLDEN / "broken.yaml", env=env)
    return caught.value


def test_every_error_is_reported_at_its_place_with_a_suggestion():
    text = str(found({"SUPABASE_URL": "x", "CANARY": CANARY}))
    assert text.replace(f"{GOLDEN}/", "") + "\n" == (GOLDEN / "broken.txt").read_text()


def test_the_parser_in_python_finds_the_same(monkeypatch):
    monkeypatch.setattr(document, "_Parser", yaml.SafeLoader)
    test_every_error_is_reported_at_its_place_with_a_suggestion()


def test_no_message_holds_a_value_of_the_configuration():
    errors = found({"CANARY": CANARY, "SIDECAR__UPSTREAMS__B__PORT": CANARY})
    shown = str(errors) + repr([problem.as_json() for problem in errors.problems])
    assert "SIDECAR__UPSTREAMS__B__PORT" in shown
    assert "canary" not in shown
