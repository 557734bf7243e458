"""What is read from a store, a spool or another sidecar, whoever wrote it."""

from typing import Any

from sidecar.spool.records import Records, Unusable
from sidecar.spool.sealing import PLAIN, NoSeal
from sidecar.store import message, records
from tests.fuzz.targets.registry import check_fields, target


@target
def stored(data: bytes) -> None:
    """A record of the cache is none, or one that can be served, and written again."""
    for raw in (data, b"\x01" + data):
        found = records.decode(raw)
        if found is None:
            continue
        assert records.decode(records.encode(*found)) == found
        if not isinstance(found.value, tuple):
            check_fields(found.value.head.headers)
            assert 200 <= found.value.head.status <= 599
            assert found.value.size > 0
            assert found.value.fresh_until <= found.value.expires_at or found.value.plan.keep < 0


@target
def queued(data: bytes) -> None:
    """A record of the spool is what was written, or unusable."""
    subject = Records(NoSeal())
    for raw in (data, PLAIN + data, PLAIN + b"\x01" + data):
        for read, write in (
            (subject.read_request, lambda found: subject.request("d", *found)),
            (subject.read_answer, lambda found: subject.answer("d", found)),
            (subject.read_target, lambda found: subject.target("d", found)),
        ):
            try:
                found: Any = read("d", raw)
            except Unusable:
                continue
            assert read("d", write(found)) == found


@target
def news(data: bytes) -> None:
    """A message of another sidecar is none, or one that can be told again."""
    assert message.decode(data, b"secret") is None
    for body in (data, b"\x01" + data):
        found = message.decode(message._signature(body, b"secret") + body, b"secret")
        if found is not None:
            assert message.decode(message.encode(found, b"secret"), b"secret") == found
