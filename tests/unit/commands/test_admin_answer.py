"""What commands say that show an answer in their own way, when it is not what they asked for."""

import pytest

from sidecar import cli
from sidecar.commands.admin_call import Said

COMMANDS = (["report"], ["advise"], ["tap", "--once"], ["tap"], ["top", "--once"])


@pytest.fixture(params=COMMANDS, ids=" ".join)
def told(request, monkeypatch, capsys):
    """What is said on standard error when the listener answers so."""

    def told(status, text):
        monkeypatch.setattr("sidecar.commands.admin_answer.ask", lambda *_: Said(status, text))
        assert cli.main([*request.param, "--admin", "127.0.0.1:1"]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err

    return told


@pytest.mark.parametrize("text", ["<html>hello</html>", "[]", "", "1"])
def test_what_answers_may_be_no_sidecar(told, text):
    assert "what answers at 127.0.0.1:1 is no sidecar" in told(200, text)


def test_a_refusal_is_said_in_its_own_words(told):
    assert "show the token" in told(401, '{"error": "show the token of admin.token"}')


def test_a_refusal_without_words_is_a_status(told):
    assert "127.0.0.1:1 answers 503" in told(503, "{}")
