"""Words what `sidecar init` found, what is to change in the application, and what comes next.

Shows names and places of variables, never a value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TextIO

from sidecar.commands.hints import shown as lines_of
from sidecar.commands.terminal import columns
from sidecar.core.findings.assignment import Unclear
from sidecar.core.findings.found import FoundUpstream
from sidecar.core.hints import Hint

_USUAL = "sidecar.yaml"


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is to be told."""

    configuration: str
    file: str | None
    """Where it was written; None when it was not."""
    read: Sequence[str]
    upstreams: Sequence[FoundUpstream]
    unclear: Sequence[Unclear]
    hints: Sequence[Hint]

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "file": self.file,
            "configuration": self.configuration,
            "upstreams": [_upstream_as_json(each) for each in self.upstreams],
            "not_understood": [
                {"file": each.place.file, "line": each.place.line, "message": each.message}
                for each in self.unclear
            ],
            "hints": [asdict(each) for each in self.hints],
        }


def _upstream_as_json(upstream: FoundUpstream) -> dict[str, object]:
    found = [
        {"name": use.name, "file": use.place.file, "line": use.place.line} for use in upstream.uses
    ]
    return {"name": upstream.name, "offered": upstream.offered, "found": found}


def tell(outcome: Outcome, stream: TextIO) -> None:
    """Print it for people."""
    names = ", ".join(each.name for each in outcome.upstreams if not each.offered)
    if outcome.file:
        print(f"wrote {outcome.file}: {names}\n", file=stream)
    rows = [
        [str(use.place), use.name, f"{each.name}{', as a comment' if each.offered else ''}"]
        for each in outcome.upstreams
        for use in each.uses
    ]
    print(f"found\n{columns(rows, '  ')}", file=stream)
    print("\nto change in the application", file=stream)
    for each in outcome.hints:
        print("\n".join(f"  {line}".rstrip() for line in _indented(each)), end="\n\n", file=stream)
    tell_unclear(outcome.unclear, stream)
    print("next\n" + "\n".join(f"  {line}" for line in _next(outcome)), file=stream)


def tell_unclear(unclear: Sequence[Unclear], stream: TextIO) -> None:
    """Print what was not understood, if anything."""
    if unclear:
        lines = "\n".join(f"  {each.place}: {each.message}" for each in unclear)
        print(f"not understood\n{lines}\n", file=stream)


def _indented(hint: Hint) -> Iterator[str]:
    for block in lines_of(hint):
        yield from block.split("\n")


def _next(outcome: Outcome) -> Iterator[str]:
    """What to do now; the sidecar reads variables, and no `.env`."""
    chosen = f" -c {outcome.file}" if outcome.file not in (None, _USUAL) else ""
    if "${" in outcome.configuration:
        for name in outcome.read:
            if not name.endswith((".yaml", ".yml")):
                yield f"set -a; . {name if '/' in name else f'./{name}'}; set +a"
    yield f"sidecar check{chosen}"
    yield f"sidecar exec{chosen} -- COMMAND    # or `sidecar run{chosen}`, beside the application"
