"""`make bench-eviction`: which order of going finds most in a memory that is too small.

Replays traces through the sidecar's own `Bounded`. Seeded: the shares are the same everywhere.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.policies import GreedyDual, LeastRecentlyUsed, Sieve, TinyLfu
from bench.traces import QUICK, TRACES, Trace, footprint
from sidecar.store.bounded import Bounded
from sidecar.store.eviction import Eviction
from sidecar.store.s3fifo import S3Fifo
from sidecar.telemetry.store_stats import StoreStats

RESULTS = Path(__file__).parent / "results"
SHARES = (0.01, 0.05, 0.1, 0.25)
"""Sizes of the memory, as shares of everything that is asked for."""
_MAX_OBJECT = 1 << 20

POLICIES: Mapping[str, Callable[[], Eviction]] = {
    "LRU": LeastRecentlyUsed,
    "SIEVE": Sieve,
    "S3-FIFO": S3Fifo,
    "W-TinyLFU": TinyLfu,
    "GDSF": GreedyDual,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What one policy came to on one trace at one size."""

    trace: str
    share: float
    policy: str
    objects: float
    """Share of the requests that were answered from memory."""
    bytes: float
    """Share of their bytes."""
    micros: float
    """CPU time of a request at the memory, in µs: a read, and a write where it missed."""


def replay(trace: Trace, policy: Callable[[], Eviction], size: int) -> tuple[float, float, float]:
    """Shares of requests and of bytes that were found, and µs for each request.

    As in the cache, an answer stays when it goes stale and is replaced when it comes anew, and one
    that a write has made doubtful is dropped when it is met.
    """
    memory: Bounded[float] = Bounded(size, _MAX_OBJECT, StoreStats(), policy)
    doubtful: set[str] = set()
    asked = found = asked_bytes = found_bytes = 0
    began = time.process_time()
    for at, key, length, ttl in trace:
        if not length:
            doubtful.add(key)
            continue
        asked += 1
        asked_bytes += length
        fresh_until = memory.get(key)
        if fresh_until is not None and key in doubtful:
            memory.pop(key)
        elif fresh_until is not None and fresh_until > at:
            found += 1
            found_bytes += length
            continue
        doubtful.discard(key)
        memory.put(key, at + ttl, length)
    took = time.process_time() - began
    return found / asked, found_bytes / asked_bytes, took / asked * 1e6


def measure(names: Mapping[str, Callable[[], Trace]]) -> Iterator[Figures]:
    """Every policy on every trace at every size."""
    for name, make in names.items():
        trace = make()
        everything = footprint(trace)
        for share in SHARES:
            for policy, order in POLICIES.items():
                yield Figures(name, share, policy, *replay(trace, order, int(everything * share)))


def table(figures: list[Figures]) -> list[str]:
    """Object hits / byte hits in percent, as Markdown; the last row is the median time."""
    lines = ["| trace | memory | " + " | ".join(POLICIES) + " |"]
    lines.append("|---|--:|" + "--:|" * len(POLICIES))
    cells = {(f.trace, f.share, f.policy): f for f in figures}
    for trace, share in dict.fromkeys((f.trace, f.share) for f in figures):
        row = [cells[trace, share, policy] for policy in POLICIES]
        best = max(round(f.objects, 3) for f in row)
        shown = (_cell(f, is_best=round(f.objects, 3) == best) for f in row)
        lines.append(f"| {trace} | {share:.0%} | " + " | ".join(shown) + " |")
    lines.append("| µs per request, median | | " + " | ".join(_times(figures)) + " |")
    return lines


def _cell(figures: Figures, *, is_best: bool) -> str:
    objects = f"{figures.objects:.1%}".rstrip("%")
    return (f"**{objects}**" if is_best else objects) + f" / {figures.bytes:.1%}".rstrip("%")


def _times(figures: list[Figures]) -> Iterator[str]:
    for policy in POLICIES:
        times = sorted(f.micros for f in figures if f.policy == policy)
        yield f"{times[len(times) // 2]:.1f}"


def main() -> int:
    """Print the table, and keep it unless it is a first impression."""
    parser = argparse.ArgumentParser(prog="bench.eviction", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short traces; nothing is saved")
    args = parser.parse_args()
    figures: list[Figures] = []
    for one in measure(QUICK if args.quick else TRACES):
        if not figures or figures[-1].trace != one.trace:
            print(f"bench: {one.trace}", file=sys.stderr)
        figures.append(one)
    text = "\n".join(table(figures))
    print(text)
    if not args.quick:
        RESULTS.mkdir(exist_ok=True)
        day = datetime.now(UTC).date().isoformat()
        head = f"# Eviction, {day}\n\nShares in percent: requests answered from memory / bytes.\n"
        (RESULTS / "eviction.md").write_text(f"{head}\n{text}\n")
        (RESULTS / "eviction.json").write_text(json.dumps([asdict(f) for f in figures]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
