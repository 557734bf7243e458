"""What a value is refused with: the words of the model, at its place."""

import ast
from pathlib import Path
from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

from sidecar import config
from sidecar.loader import ConfigErrors, loads


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("pace: [{rate: 80}]", 'pace[0].rate: expected a rate such as "80/s"'),
        ("pace: [{rate: 10001/s}]", "pace[0].rate: a rate is more than none and at most 10000/s"),
        ("breaker: {key: a b}", "breaker.key: expected upstream, route, credential, a name"),
        ("tables: {related: {a.b: [c]}}", "tables.related: expected columns on both sides"),
    ],
)
def test_a_value_that_is_refused_is_told_what_is_expected(setting, said):
    with pytest.raises(ConfigErrors) as caught:
        loads(f"upstreams: {{a: {{url: 'https://x', {setting}}}}}", name="f", env={})
    (problem,) = caught.value.problems
    assert f"upstreams.a.{said}" in problem.text


@pytest.mark.parametrize(
    "setting",
    ["breaker: {key: upstream+C4nary}", "cache: {prefetch: [{target: '/a?b={C4nary}'}]}"],
)
def test_a_part_that_is_refused_is_not_repeated(setting):
    with pytest.raises(ConfigErrors) as caught:
        loads(f"upstreams: {{a: {{url: 'https://x', {setting}}}}}", name="f", env={})
    assert "C4nary" not in str(caught.value)


def test_no_error_of_the_model_is_called_as_one_of_pydantics_is():
    ours = {
        node.args[0].value
        for file in Path(config.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "PydanticCustomError"
    }
    assert {"rate", "related", "text"} <= ours
    assert not ours & set(get_args(ErrorType))
