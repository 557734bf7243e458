"""`sidecar healthcheck` against a socket that answers as scripted."""

import json
import socket
import threading
from contextlib import contextmanager

import pytest

from sidecar import cli

READY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def answering(answer, family=socket.AF_INET, address=("127.0.0.1", 0)):
    """A listener that reads one request and sends `answer`; yields its address and requests."""
    requests = []
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()
        listener.settimeout(10)

        def serve():
            connection = listener.accept()[0]
            with connection:
                connection.settimeout(10)
                requests.append(connection.recv(65536))
                for part in answer:
                    connection.sendall(part)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname(), requests
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ([READY], 0),
        ([READY[:6], READY[6:]], 0),
        ([b"HTTP/1.1 503 Service Unavailable\r\n\r\n"], 1),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], 1),
        ([b"SSH-2.0-OpenSSH\r\n"], 1),
        ([], 1),
    ],
)
def test_only_200_is_ready(answer, code):
    with answering(answer) as ((host, port), requests):
        assert cli.main(["healthcheck", "--url", f"{host}:{port}"]) == code
    assert requests[0].startswith(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n")


@pytest.mark.parametrize(
    "form", ["127.0.0.1:{}", "http://0.0.0.0:{}", "http://127.0.0.1:{}/health/live"]
)
def test_the_address_may_come_from_the_variable_in_any_form(form, monkeypatch):
    with answering([READY]) as ((_, port), requests):
        monkeypatch.setenv("SIDECAR_OPS", form.format(port))
        assert cli.main(["healthcheck"]) == 0
    path = b"/health/live" if "live" in form else b"/health/ready"
    assert requests[0].split()[1] == path


def test_what_it_says_names_the_address(capsys):
    with answering([b"HTTP/1.1 503 Service Unavailable\r\n\r\n"]) as ((host, port), _):
        address = f"{host}:{port}"
        cli.main(["healthcheck", "--url", address])
    cli.main(["healthcheck", "--url", "unix:/nonexistent/ops"])
    cli.main(["healthcheck", "--url", "nonsense"])

    answered, silent, bad = capsys.readouterr().err.splitlines()
    assert answered == f"not ready: {address} answered 503"
    assert silent.startswith("not ready: unix:/nonexistent/ops: ")
    assert bad.endswith("not 'nonsense'")


def test_a_unix_socket_is_an_address(tmp_path):
    path = f"{tmp_path}/ops"
    with answering([READY], socket.AF_UNIX, path):
        assert cli.main(["healthcheck", "--url", f"unix:{path}"]) == 0
    assert cli.main(["healthcheck", "--url", f"unix:{tmp_path}/none"]) == 1


def test_json_says_what_came_back(capsys):
    with answering([READY]) as ((host, port), _):
        assert cli.main(["healthcheck", "--url", f"{host}:{port}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ready": True, "status": 200, "reason": None}


def test_a_listener_that_says_nothing_is_not_waited_for_long():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        assert cli.main(["healthcheck", "--url", address, "--timeout", "0.05"]) == 1


@pytest.mark.parametrize("url", ["nonsense", "https://127.0.0.1:1", "127.0.0.1:99999", "a b:1"])
def test_a_bad_address_is_wrong_usage(url):
    assert cli.main(["healthcheck", "--url", url]) == 2


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon"])
def test_a_bad_timeout_is_wrong_usage(seconds):
    assert cli.main(["healthcheck", "--timeout", seconds]) == 2
