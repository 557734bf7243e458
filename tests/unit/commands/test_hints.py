"""`sidecar hints`."""

import json

import pytest

from sidecar import cli

TEXT = """\
upstreams:
  gemini: {preset: gemini, url: "https://generativelanguage.googleapis.com", port: 8084}
  shop: {url: "https://shop.test"}
"""


@pytest.fixture(autouse=True)
def configured(tmp_path):
    (tmp_path / "sidecar.yaml").write_text(TEXT)


def test_each_upstream_has_its_base_and_the_lines_of_its_clients(capsys):
    assert cli.main(["hints"]) == 0
    text = capsys.readouterr().out
    assert "gemini: http://127.0.0.1:8080/gemini\n  or by port: http://127.0.0.1:8084\n" in text
    assert 'HttpOptions(base_url="http://127.0.0.1:8080/gemini")' in text
    assert 'httpx.Client(base_url="http://127.0.0.1:8080/shop"' in text
    assert "{base}" not in text
    assert "docs/clients/google-genai-python.md" in text


def test_one_upstream_can_be_asked_for(capsys):
    assert cli.main(["hints", "shop", "--json"]) == 0
    (hint,) = json.loads(capsys.readouterr().out)
    assert (hint["upstream"], [client["page"] for client in hint["clients"]]) == ("shop", ["http"])


def test_an_upstream_that_is_not_there_is_wrong_usage(capsys):
    assert cli.main(["hints", "gemni"]) == 2
    assert "there is no upstream 'gemni' (did you mean 'gemini'?)" in capsys.readouterr().err


def test_a_unix_socket_has_no_base_url(tmp_path, capsys):
    (tmp_path / "sidecar.yaml").write_text(TEXT + "listen: {proxy: unix:/run/s}\n")
    assert cli.main(["hints", "shop"]) == 0
    assert capsys.readouterr().out.startswith("shop: on a Unix socket only")


def test_a_configuration_with_a_problem_has_no_hints(tmp_path, capsys):
    (tmp_path / "sidecar.yaml").write_text("upstreams: {}\n")
    assert cli.main(["hints"]) == 1
    assert "sidecar.yaml:1:1: error: upstreams: " in capsys.readouterr().err
