"""The configuration of a simulated sidecar: what it always is, and what the seed decides of it."""

from pathlib import Path
from random import Random

from sidecar.loader import loads
from sidecar.reloading import Fresh
from tests.simulation.applications import TOTAL

API, MSG = 7001, 7002
INFLIGHT, CACHE = 6, 100_000
DRAIN = 3.0
CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
drain_timeout: {drain}s
upstreams:
  api:
    url: http://api.test:{api}
    timeouts: {{connect: 1s, first_byte: 2s, idle: 3s, send: 3s, total: {total}s}}
    pool: {{max_connections: 20, max_wait: 1s}}
    limit: {{mode: {mode}, inflight: {inflight}, max_wait: 500ms}}
    retry: {{attempts: {attempts}, base: 50ms, budget: {{ratio: 0.2, burst: 30}}}}
    breaker: {{hold: {hold}}}
    dns: {{ttl: 5s}}
    routes:
      - name: lists
        match: {{methods: [GET], path: /rest/v1/lists}}
        cache:
          ttl: 5s
          tags: table
          prefetch: [{{target: "/rest/v1/items?id=eq.{{$.rows[*].id}}"}}]
      - name: items
        match: {{path: /rest/v1/**}}
        cache: {{ttl: {ttl}, stale_while_revalidate: {swr}, stale_if_error: 1m, tags: table}}
        invalidates: [table]
        hedge: {{enabled: true, min_samples: 5, ratio: 0.2}}
      - {{name: stream, match: {{path: /stream/**}}}}
      - {{name: raw, match: {{path: /raw/**}}}}
  pay:
    url: http://api.test:{api}
    timeouts: {{connect: 1s, first_byte: 2s, total: {total}s}}
    ledger: {{honoured: false}}
  msg:
    url: http://msg.test:{msg}
    timeouts: {{connect: 1s, first_byte: 2s, total: {total}s}}
    pace: [{{rate: 20/s, burst: 20, max_wait: 2s}}]
    routes:
      - name: messages
        match: {{methods: [POST], path: "/{{version}}/{{phone_number_id}}/messages"}}
        queue:
          mode: always
          order: phone_number_id+$.to
          schedule: {{base: 200ms, cap: 2s}}
          attempts: 1000
          expires: 1d
          at_once: {at_once}
stores:
  secret: a secret of simulations
  memory: {{max_size: {cache}B, max_object: 60000B}}
  spool: {{kind: sqlite, path: "{folder}/spool.db"}}
"""


def variant(seed: int, folder: Path, dice: Random) -> Fresh:
    """One that is as good as any other."""
    text = CONFIG.format(
        api=API, msg=MSG, folder=folder, drain=DRAIN, total=TOTAL, inflight=INFLIGHT,
        cache=CACHE, mode="fixed" if seed % 2 else "adaptive",
        attempts=dice.choice((2, 3)), hold=dice.choice(("0s", "1s", "4s")),
        ttl=dice.choice(("2s", "20s")), swr=dice.choice(("0s", "5s")),
        at_once=dice.choice((1, 4, 32)),
    )  # fmt: skip
    return Fresh(loads(text, env={}).config)
