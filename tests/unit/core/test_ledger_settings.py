"""A ledger that goes by other settings forgets nothing for that."""

from sidecar.core.ledger import UNKNOWN, Ledger, Refuse, Send
from sidecar.core.ledger_key import LedgerKeys
from tests.support.builders import request

KEYS = LedgerKeys("Idempotency-Key", b"secret")
PRINT = KEYS.fingerprint(request("POST"))


def settled(ledger, key, now):
    step = ledger.begin(key, PRINT, now)
    assert isinstance(step, Send)
    ledger.settle(step.claim, UNKNOWN, now)


def test_what_is_remembered_stays_as_long_as_it_was_to():
    ledger = Ledger(100.0, 10_000, honoured=False)
    settled(ledger, "k", 0.0)
    ledger.go_by(1.0, 10_000, honoured=False)
    assert ledger.begin("k", PRINT, 50.0) == Refuse("unknown")
    settled(ledger, "other", 50.0)
    assert isinstance(ledger.begin("other", PRINT, 200.0), Send)


def test_less_memory_is_kept_to_at_once():
    ledger = Ledger(100.0, 100_000, honoured=False)
    for number in range(20):
        settled(ledger, str(number), 0.0)
    ledger.go_by(100.0, 2_000, honoured=False)
    assert ledger.size <= 2_000


def test_whether_the_upstream_honours_keys_holds_from_then_on():
    ledger = Ledger(100.0, 10_000, honoured=False)
    settled(ledger, "k", 0.0)
    ledger.go_by(100.0, 10_000, honoured=True)
    assert isinstance(ledger.begin("k", PRINT, 1.0), Send)
