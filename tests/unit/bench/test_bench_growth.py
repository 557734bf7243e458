"""How figures may grow, and how a run of `make bench-scale` is told."""

from datetime import UTC, datetime
from math import log2

import pytest

from bench.scale import report
from bench.scale.growth import DIMENSIONS, Figure, fit
from bench.scale.start import Start

SIZES = (1000, 10_000, 100_000, 1_000_000)
EACH = Figure("x", "one", "µs", "log n")
ALL = Figure("x", "all", "MB", "n log n")


@pytest.mark.parametrize(
    ("figure", "cost", "holds"),
    [
        (EACH, lambda n: 3.0, True),
        (EACH, log2, True),
        (EACH, lambda n: n**0.5, False),
        (EACH, lambda n: 0.001 * n, False),
        (ALL, lambda n: 5.0 * n, True),
        (ALL, lambda n: n * log2(n), True),
        (ALL, lambda n: n**1.5, False),
        (ALL, lambda n: n**2, False),
    ],
)
def test_what_grows_too_fast_does_not_hold(figure, cost, holds) -> None:
    found = fit(figure, {n: {"x": cost(n)} for n in SIZES})
    assert found is not None
    assert found.holds is holds


def test_a_single_size_says_nothing() -> None:
    assert fit(EACH, {1000: {"x": 3.0}}) is None


def _run(worst: float = 1.0, start: float = 0.3) -> report.Run:
    found = {
        dimension.key: {
            n: {figure.key: worst**position for figure in dimension.figures}
            for position, n in enumerate(dimension.sizes)
        }
        for dimension in DIMENSIONS
    }
    return report.Run(found, [Start(start, start)], {"cpu": "one"}, (0.1,) * 6)


def test_a_run_holds_while_nothing_grows_too_fast_and_the_start_is_short() -> None:
    assert report.holds(_run())
    assert not report.holds(_run(worst=50.0))
    assert not report.holds(_run(start=0.6))


def test_what_fails_is_said_in_the_table() -> None:
    assert "FAILED" not in report.plain(_run())
    assert "FAILED" in report.plain(_run(worst=50.0))
    assert "MORE than 0.5 s" in report.markdown(_run(start=0.6), datetime.now(UTC))


def test_each_dimension_has_a_picture_and_fits() -> None:
    run = _run()
    assert {name for name, _ in report.pictures(run)} == {each.key for each in DIMENSIONS}
    told = report.as_json(run, datetime.now(UTC))
    assert len(told["fits"]) == sum(len(each.figures) for each in DIMENSIONS)
