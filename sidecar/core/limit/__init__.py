"""How many calls may be in flight at an upstream, and who is next: decisions without a loop.

`limiter.py` admits, `queue.py` orders those who wait, `gradient.py` finds the limit,
`signs.py` says what an outcome tells about the upstream's load.
"""

from sidecar.core.limit.limiter import Limiter, Permit
from sidecar.core.limit.queue import Refusal, Ticket

__all__ = ["Limiter", "Permit", "Refusal", "Ticket"]
