"""What follows from what was learnt: one function for each kind of advice. Pure."""

from collections.abc import Mapping

from sidecar.config import Config
from sidecar.core.advice.advice import ORDER, Advice
from sidecar.core.advice.learnt import Learnt
from sidecar.core.advice.places import Places
from sidecar.core.advice.rules.database import indexes, paging
from sidecar.core.advice.rules.load import breakers, hedges, paces, pools, retries
from sidecar.core.advice.rules.reads import reads
from sidecar.core.advice.rules.timeouts import timeouts
from sidecar.core.advice.rules.together import rows, sequences

_RULES = (indexes, rows, sequences, reads, paging, paces, timeouts, pools, retries, hedges)


def advise(
    learnt: Learnt, config: Config, opened: Mapping[tuple[str, str], int] | None = None
) -> list[Advice]:
    """All advice, the surest and the most worthwhile first.

    Args:
        learnt: what was observed.
        config: what is configured: what is there already is not proposed.
        opened: how often breakers opened meanwhile, by upstream and breaker.
    """
    places = Places(config)
    found = [advice for rule in _RULES for advice in rule(learnt, places)]
    hours = (learnt.ended - learnt.began) / 3600 if learnt.began is not None else 0.0
    found += breakers(opened or {}, hours, places)
    return sorted(found, key=lambda each: (ORDER[each.confidence], -each.saved))
