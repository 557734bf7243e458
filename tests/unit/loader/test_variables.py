"""`${…}` in values."""

import pytest

from sidecar.loader import ConfigErrors, loads

SECRET = "s3cr3t-canary"


def ca(value, env, base=None):
    """What `value` becomes, and its origin."""
    text = f"upstreams: {{a: {{url: 'https://x', tls: {{ca: '{value}'}}}}}}"
    found = loads(text, name="f", env=env, base=base)
    return found.config.upstreams["a"].tls.ca, str(found.origins["upstreams", "a", "tls", "ca"])


def message(value, env, base=None):
    with pytest.raises(ConfigErrors) as caught:
        ca(value, env, base)
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("value", "env", "result", "source"),
    [
        ("${A}", {"A": "x"}, "x", "env A (f:1:45)"),
        ("/${A}/${B}", {"A": "x", "B": "y"}, "/x/y", "env A, env B (f:1:45)"),
        ("${A:-x/y:z}", {}, "x/y:z", "f:1:45"),
        ("${A:-x}", {"A": ""}, "x", "f:1:45"),
        ("${A:-x}", {"A": "y"}, "y", "env A (f:1:45)"),
        ("$${A}", {"A": "x"}, "${A}", "f:1:45"),
        ("$A", {"A": "x"}, "$A", "f:1:45"),
        ("${A}", {"A": "${B}", "B": "x"}, "${B}", "env A (f:1:45)"),
        ("${A}", {"A": "{x: [*y]}\nz: 1"}, "{x: [*y]}\nz: 1", "env A (f:1:45)"),
    ],
)
def test_a_reference_becomes_text_and_says_where_it_came_from(value, env, result, source):
    assert ca(value, env) == (result, source)


@pytest.mark.parametrize(
    ("value", "env", "text"),
    [
        ("${ABCDE}", {}, "the variable ABCDE is not set"),
        ("${ABCDE}", {"ABCDF": SECRET}, "is not set (did you mean 'ABCDF'?)"),
        ("${A", {"A": SECRET}, "a reference that cannot be read"),
        ("${A-x}", {"A": SECRET}, "a reference that cannot be read"),
        ("${A:-${B}}", {"A": SECRET, "B": SECRET}, "a reference that cannot be read"),
        ("${file:}", {}, "a reference that cannot be read"),
        ("${file:nope}", {}, "the file nope does not exist"),
        ("${file:.}", {}, "the file . is no regular file"),
    ],
)
def test_a_reference_that_cannot_be_replaced_is_an_error_at_its_place(value, env, text, tmp_path):
    line = message(value, env, tmp_path)
    assert line.startswith("f:1:45: error: upstreams.a.tls.ca: ")
    assert text in line
    assert SECRET not in line


@pytest.mark.parametrize(
    ("content", "result"), [(b"x\n", "x"), (b"x\n\n", "x\n"), (b"x", "x"), (b"x\r\n", "x")]
)
def test_a_file_is_used_without_its_last_newline(content, result, tmp_path):
    (tmp_path / "secret").write_bytes(content)
    assert ca("${file:secret}", {}, tmp_path) == (result, "file secret (f:1:45)")
    assert ca(f"${{file:{tmp_path}/secret}}", {})[0] == result


@pytest.mark.parametrize(
    ("content", "text"), [(b"\xff" + SECRET.encode(), "not UTF-8"), (b"x" * 65537, "larger than")]
)
def test_a_file_that_is_no_text_is_an_error(content, text, tmp_path):
    (tmp_path / "secret").write_bytes(content)
    line = message("${file:secret}", {}, tmp_path)
    assert text in line
    assert SECRET not in line


def test_numbers_truth_values_and_durations_may_come_from_variables():
    found = loads(
        "upstreams:\n  a:\n    url: ${URL}\n    port: ${PORT}\n"
        "    timeouts: {total: '${T}', total_covers_body: '${B}'}\n",
        env={"URL": "http://x", "PORT": "8081", "T": "90s", "B": "true"},
    )
    upstream = found.config.upstreams["a"]
    assert (upstream.port, upstream.timeouts.total) == (8081, 90.0)
    assert upstream.timeouts.total_covers_body is True


@pytest.mark.parametrize("key", ["url", "port", "preset", "hosts", "errors", "timeouts", "tls"])
def test_a_value_that_does_not_fit_is_never_repeated(key):
    text = f"upstreams:\n  a:\n    {key}: '${{S}}'\n"
    with pytest.raises(ConfigErrors) as caught:
        loads(text, env={"S": SECRET + " x"})
    assert f"upstreams.a.{key}" in str(caught.value)
    assert SECRET not in str(caught.value)
