"""The figures of a run: what calls, messages and faults came to."""

from collections import Counter
from typing import Any

from tests.soak.seen import Seen


def figures(seen: Seen, states: dict[str, dict[str, object]], *, starts: int) -> dict[str, int]:
    """How many of what; `states` are the deliveries at the end, by id."""
    statuses = {name: n for name, n in sorted(seen.counts.items()) if name.startswith("status")}
    ended = Counter(str(row["state"]) for row in states.values())
    return {
        "calls": sum(seen.begun.values()),
        **statuses,
        "messages accepted": len(seen.accepted),
        **{f"messages {state}": count for state, count in sorted(ended.items())},
        "messages lost": sum(name not in states for name in seen.accepted.values()),
        "messages sent twice": sum(count > 1 for count in seen.sent.values()),
        "answers checked for their user": seen.counts["checked own-answer"],
        "answers of another user": sum("own-answer" in each for each in seen.violations),
        "reads checked for an own write": seen.counts["checked own-write"],
        "failed calls that no fault explains": len(seen.unexplained),
        "starts of the sidecar": starts,
        "memory grown, bytes": seen.counts["grown rss"],
        "open files grown": seen.counts["grown files"],
    }


def faults(seen: Seen) -> list[dict[str, Any]]:
    """Each fault: when, for how long, and how long after it calls succeeded again."""
    return [
        {
            "name": each.name,
            "at": round(each.began, 2),
            "for": round((each.ended or each.began) - each.began, 2),
            "well_after": None
            if each.well_at is None or each.ended is None
            else round(each.well_at - each.ended, 2),
        }
        for each in seen.faults
    ]
