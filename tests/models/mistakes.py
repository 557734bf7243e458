"""The mistakes that `mutants.py` plants, and the test that has to find each."""

from typing import NamedTuple

ANSWERS = "tests/models/test_answers_model.py"
ATTEMPTS = "tests/models/test_attempts_model.py"
DESK = "tests/unit/flights/test_desk.py"
DELIVERIES = "tests/models/test_deliveries_model.py"
RELOADS = "tests/models/test_reloads_model.py"
BREAKERS = "tests/unit/core/breaker"
PROBES = "tests/unit/layers/test_breaker_probes.py"
RETRY = "tests/unit/layers/test_retry_invariants.py -k keeps_its_rules"
HEDGES = "tests/unit/core/test_hedge_decisions.py"
LIMITER = "tests/unit/core/limit/test_limiter_in_any_order.py"
POOL = "tests/unit/transport/test_pool_interleavings.py"
SPOOL = "tests/unit/spool/test_sqlite_shared.py tests/unit/spool/test_sqlite_spool.py"
BOUNDED = "tests/unit/store/test_bounded.py"


class Mutant(NamedTuple):
    """One mistake."""

    what: str
    file: str
    text: str
    instead: str
    test: str


MUTANTS = (
    # what was kept, and for whom
    Mutant("no credentials in the key", "core/cache/key.py",
           "parts += credentials_of(request.headers)", "pass", ANSWERS),
    Mutant("a read that began before a write is stored as of after it", "flights/fetch.py",
           "parts, tags = self._parts, sent.wanted.tags",
           "parts, tags = self._parts, self.as_of_now(sent.request)", ANSWERS),
    Mutant("who reads after a write joins a call from before it", "flights/fetch.py",
           "return self.place, self.tags", "return self.place, ()", ANSWERS),
    Mutant("one who leaves takes the others along", "flights/desk.py",
           "await asyncio.shield(flight.landed)", "await flight.landed", ANSWERS),
    Mutant("no call is shared", "flights/desk.py",
           "flight = None if apart or self.is_passed(key) else self._flights.get(key)",
           "flight = None", ANSWERS),
    Mutant("a call that nobody waits for goes on holding its place", "flights/desk.py",
           "            self._over(flight)  # who comes now begins another\n"
           "            flight.task.cancel()", "            pass", DESK),
    Mutant("errors of the client are kept", "core/cache/ttl.py",
           "lifetime = self.ttl if status == 200 else self.negative.get(status, 0.0)",
           "lifetime = self.ttl", ANSWERS),
    Mutant("cookies are kept", "core/cache/ttl.py",
           ' or cc.values_of(response.headers, b"set-cookie")', "", ANSWERS),
    Mutant("no-store is kept", "core/cache/ttl.py",
           'if "no-store" in said and not self.override_no_store:', "if False:", ANSWERS),
    Mutant("half an answer is kept", "flights/broadcast.py",
           "self.done(b\"\".join(self._chunks) if self._ended and self._kept else None)",
           "self.done(b\"\".join(self._chunks) if self._kept else None)", ANSWERS),
    Mutant("an answer outlives its token", "flights/fetch.py",
           "return capped(plan, sent.request, now) if plan is not None else None",
           "return plan", ANSWERS),
    Mutant("a 401 drops nothing", "layers/invalidate.py",
           "if response.status == 401:", "if response.status == 418:", ANSWERS),
    Mutant("a sign-out drops nothing", "layers/invalidate.py",
           "if self._parts.ends_session(request):", "if False:", ANSWERS),
    Mutant("a sign-out leaves the user's other sessions", "core/cache/key.py",
           "return tuple(dict.fromkeys([*([own] if own else []), *users]))",
           "return (own,) if own else ()", ANSWERS),
    Mutant("a write drops nothing", "layers/invalidate.py",
           "        finally:\n            tags = self._drop(request, head, body)",
           "        finally:\n            tags = ()", ANSWERS),
    Mutant("a write whose answer was lost drops nothing", "layers/invalidate.py",
           "self._parts.write_again(self._drop(request, None, None), self._anew(request))",
           "pass", ANSWERS),
    Mutant("stale is served for ever while it is renewed", "core/cache/ttl.py",
           "if 0 < entry.plan.stale_while > late and not fresher:",
           "if 0 < entry.plan.stale_while and not fresher:", ANSWERS),
    Mutant("stale is served for ever after errors", "core/cache/ttl.py",
           "on_error = 0 < entry.plan.stale_error > late",
           "on_error = 0 < entry.plan.stale_error", ANSWERS),
    Mutant("memory is not bounded", "store/bounded.py",
           "while self.size + size > self._max_size:",
           "while self.size + size > self._max_size * 2:", BOUNDED),
    # attempts
    Mutant("a POST is sent again after an unknown outcome", "core/repetition.py",
           "not (call.harmless or call.method in SAFE_METHODS):", "False:", ATTEMPTS),
    Mutant("the budget is never empty", "core/repetition.py",
           "if not budget.withdraw(cost, now):", "if not budget.withdraw(0.0, now):", ATTEMPTS),
    Mutant("Retry-After is not heeded", "core/repetition.py",
           "wait = max(backoff, asked)", "wait = backoff", ATTEMPTS),
    Mutant("any Retry-After is waited for", "core/repetition.py",
           "if asked > limits.max_wait or wait >= left:", "if wait >= left:", RETRY),
    Mutant("attempts begin after the deadline", "core/repetition.py",
           "if asked > limits.max_wait or wait >= left:", "if asked > limits.max_wait:", RETRY),
    Mutant("a 4xx is repeated", "core/repetition.py",
           'if judgement.kind in ("done", "permanent"):', 'if judgement.kind == "done":', ATTEMPTS),
    Mutant("a body is not sent from its beginning", "layers/retry.py",
           "exchange.request.body.rewind()", "pass", ATTEMPTS),
    Mutant("an answer that is not used is not closed", "layers/hedge.py",
           "loser.result().close()", "pass", ATTEMPTS),
    Mutant("second requests cost nothing", "core/hedge.py",
           "self._shared.withdraw(1.0, now)", "pass", HEDGES),
    Mutant("second requests are sent at once", "layers/hedge.py",
           "timer = asyncio.ensure_future(self._clock.sleep(delay))",
           "timer = asyncio.ensure_future(self._clock.sleep(delay / 4))", ATTEMPTS),
    # breaker
    Mutant("everybody probes", "core/breaker/probing.py",
           "if self._probe is not None:\n            due = max(",
           "if False:\n            due = max(", ATTEMPTS),
    Mutant("a probe that left is waited for", "core/breaker/permit.py",
           "            self._owner.cancelled(self, now)", "            pass", PROBES),
    Mutant("any number of calls is held", "core/breaker/line.py",
           "if len(self) >= self._most:", "if False:", ATTEMPTS),
    Mutant("nobody wakes those who are held", "layers/breaker/held.py",
           "breaker.serve(self._clock.now())", "pass", ATTEMPTS),
    Mutant("one failure less opens it", "core/breaker/window.py",
           "if self._consecutive >= config.consecutive:",
           "if self._consecutive >= config.consecutive - 1:", BREAKERS),
    Mutant("one route's failures open the breaker of another", "parts/resilience.py",
           "key=self._key(config.key, route),", 'key=self._key("upstream", route),', ATTEMPTS),
    # limit and pace
    Mutant("who leaves keeps the permit", "layers/limit.py",
           "            self._gate.leave(permit, dropped=is_too_slow(error))",
           "            pass", ATTEMPTS),
    Mutant("one too many is in flight", "core/limit/limiter.py",
           "if self.inflight < self.limit or not self._config.enforce:",
           "if self.inflight <= self.limit or not self._config.enforce:", LIMITER),
    Mutant("any number waits", "core/limit/limiter.py",
           "if len(self._queue) >= self._config.max_waiters:", "if False:", ATTEMPTS),
    Mutant("a permit on its way to one who left is lost", "core/limit/limiter.py",
           "            ticket.outcome.release(now)", "            pass", LIMITER),
    Mutant("a burst is one too large", "core/lane.py",
           "self._tolerance = (config.burst - 1) * self._interval",
           "self._tolerance = config.burst * self._interval", ATTEMPTS),
    Mutant("who came last goes first", "core/lane.py",
           "insort(self._line, place, key=_arrival)", "self._line.insert(0, place)", ATTEMPTS),
    Mutant("who leaves stays in line", "layers/pace.py",
           "            finally:\n                passage.leave()",
           "            finally:\n                pass", ATTEMPTS),
    # connections
    Mutant("a connection on its way to one who left is lost", "transport/pool.py",
           "                self._pass_on(future.result())", "                pass", POOL),
    Mutant("an idle connection is given to two", "transport/pool.py",
           "            connection = self._idle.pop()\n            idle_for",
           "            connection = self._idle[-1]\n            idle_for", POOL),
    Mutant("a broken connection is kept", "transport/pool.py",
           "        if connection.finish():\n            self._keep(connection)",
           "        if connection.finish() or True:\n            self._keep(connection)", POOL),
    # deliveries
    Mutant("it is sent before that is written down", "delivering/fence.py",
           "                await self._pass()", "                self.passed = self.asked = True",
           DELIVERIES),
    Mutant("what may have been sent is sent again", "core/delivery.py",
           '    if policy == "hold":', '    if policy == "never":', DELIVERIES),
    Mutant("recipients have no order", "delivering/intake.py",
           "lane=_lane(exchange, rule),", 'lane="",', DELIVERIES),
    Mutant("what was not let out stays taken", "delivering/worker.py",
           "        try:\n            await self._spool.release([delivery.id])",
           "        try:\n            pass", DELIVERIES),
    Mutant("what was refused is given up", "core/delivery.py",
           "    return _again(judgement, made, queue, now)\n\n\ndef of_error",
           "    return Delivered(judgement.reason)\n\n\ndef of_error", DELIVERIES),
    Mutant("a crash in the middle of sending is forgotten", "spool/sqlite_sending.py",
           'move(session, row, Move("unknown", now, INTERRUPTED))',
           'move(session, row, Move("queued", now, INTERRUPTED))', SPOOL),
    # reloads
    Mutant("what was refused counts as taken", "reloading.py",
           'return self._refused(why, (f"error: {error}",), changes)',
           "return self._taken(why, fresh, changes)", RELOADS),
    Mutant("two reloads at once mix", "reloading.py",
           "        async with self._turn:\n", "        if True:\n", RELOADS),
    Mutant("a state stays though its settings changed", "parts/kept.py",
           "if item is None or item.basis != basis:", "if item is None:", RELOADS),
    Mutant("a state is lost by each reload", "parts/kept.py",
           "item = self.items.get(key) or self._before.get(key)",
           "item = self.items.get(key)", RELOADS),
)  # fmt: skip
