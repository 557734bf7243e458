"""Curves: exponents, what is n log n, pictures."""

import xml.etree.ElementTree as ET
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.curves import Axis, Curve, exponent, of_n_log_n, svg, table

SIZES = (10, 100, 1000, 10_000)


@given(power=st.floats(-3, 3), factor=st.floats(0.001, 1000))
def test_the_exponent_of_a_power_is_that_power(power: float, factor: float) -> None:
    assert exponent([(n, factor * n**power) for n in SIZES]) == pytest.approx(power, abs=1e-6)


def test_n_log_n_is_between_n_and_its_square() -> None:
    assert 1.0 < of_n_log_n(SIZES) < 1.4
    assert of_n_log_n(SIZES) == pytest.approx(exponent([(n, n * log2(n + 1)) for n in SIZES]))


def test_one_size_has_no_slope() -> None:
    with pytest.raises(ValueError, match="two different"):
        exponent([(10, 1.0), (10, 2.0)])


def test_a_picture_is_well_formed_and_its_points_are_inside_of_it() -> None:
    curves = [
        Curve("a <b>", [(1, 3.0), (10, 20.0), (1000, 5.0)]),
        Curve("flat", [(1, 0.0), (1000, 0.0)]),
    ]
    root = ET.fromstring(svg("one & two", Axis("n", log=True), Axis("y"), curves))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    lines = [each for each in root.iter() if each.tag.endswith("polyline")]
    assert len(lines) == 2
    for line in lines:
        for pair in line.attrib["points"].split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_a_larger_value_is_higher_up() -> None:
    picture = svg("t", Axis("x"), Axis("y", log=True), [Curve("c", [(0, 1.0), (1, 100.0)])])
    line = next(each for each in ET.fromstring(picture).iter() if each.tag.endswith("polyline"))
    (_, first), (_, last) = (pair.split(",") for pair in line.attrib["points"].split())
    assert float(last) < float(first)


def test_a_table_has_numbers_to_the_right() -> None:
    assert table(("", "n"), [("a", "1")]) == ["|  | n |", "|---|--:|", "| a | 1 |"]
