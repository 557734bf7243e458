"""What is written of a run: JSON for machines, Markdown and a picture for people."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

WIDTH, ROW, LEFT = 900, 110, 70


def write(
    folder: Path, result: dict[str, Any], series: dict[str, Sequence[tuple[float, float]]]
) -> None:
    """`soak.json`, `soak.md` and `soak.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "soak.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / "soak.md").write_text("\n".join(_markdown(result)) + "\n")
    (folder / "soak.svg").write_text("\n".join(_picture(result, series)) + "\n")


def _markdown(result: dict[str, Any]) -> Iterable[str]:
    yield f"# Soak: {result['seconds']:.0f} s, {'failed' if result['failures'] else 'passed'}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, value in result["figures"].items():
        yield f"| {name} | {value} |"
    yield ""
    yield "| fault | at (s) | for (s) | well again after (s) |"
    yield "|---|---|---|---|"
    for each in result["faults"]:
        well = "never" if each["well_after"] is None else f"{each['well_after']:.2f}"
        yield f"| {each['name']} | {each['at']:.1f} | {each['for']:.1f} | {well} |"
    for name, why in result["skipped"].items():
        yield f"| {name} | not made: {why} | | |"
    yield ""
    yield "What calls came to during faults:"
    yield ""
    for name, count in sorted(result["by_fault"].items()):
        yield f"- {name}: {count}"
    for each in result["failures"]:
        yield f"- FAILED {each}"
    yield ""
    yield "![memory, requests, errors and faults](soak.svg)"


def _picture(
    result: dict[str, Any], series: dict[str, Sequence[tuple[float, float]]]
) -> Iterable[str]:
    span = result["seconds"]
    height = ROW * len(series) + 30

    def across(at: float) -> float:
        return LEFT + (WIDTH - LEFT - 10) * at / span

    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">'
    )
    yield f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
    for each in result["faults"]:
        x, wide = across(each["at"]), max(2.0, across(each["for"]) - LEFT)
        yield (
            f'<rect x="{x:.1f}" y="10" width="{wide:.1f}" height="{height - 30}" fill="#f5c6a5" '
            f'opacity="0.5"><title>{each["name"]}</title></rect>'
        )
    for number, (name, points) in enumerate(series.items()):
        base, top = ROW * (number + 1), max((value for _, value in points), default=1.0) or 1.0
        line = " ".join(f"{across(at):.1f},{base - (ROW - 30) * v / top:.1f}" for at, v in points)
        yield f'<text x="4" y="{base - 40}">{name}</text>'
        yield f'<text x="4" y="{base - 26}" fill="#666">up to {top:.0f}</text>'
        yield f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="1.3"/>'
    for second in range(0, int(span) + 1, max(10, int(span / 60) * 10)):
        yield f'<text x="{across(second):.1f}" y="{height - 6}" fill="#666">{second} s</text>'
    yield "</svg>"
