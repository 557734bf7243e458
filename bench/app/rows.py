"""What a simulated provider has: a version for each thing that writes change. Pure.

An answer says for whom it is, what was asked, and which versions it was made from, so that whoever
gets it can tell an answer of another and an old one.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from bench.app.calls import caller_of
from bench.app.spec import Spec
from sidecar.demo.targets import TARGETS, Target

_ROW, _LIST, _FILE = 700, 6_000, 60_000
_LISTS = frozenset(
    ("rest.contacts", "rest.convs", "rest.msgs", "rest.history", "rest.admin_users", "rest.unread")
)
_PLACE = re.compile(r"[{<](\w+)[}>]")


class Rows:
    """The providers' data, as one contender's calls have left them.

    Args:
        spec: what reads show and writes change.
        media: origin of the media host, for the URLs that lead there.
    """

    def __init__(self, spec: Spec, media: str) -> None:
        self._spec = spec
        self._media = media
        self._versions: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._keys: set[str] = set()
        """Primary keys that inserts brought."""
        self.duplicates: Counter[str] = Counter()
        """Writes that were done again, by resource."""

    def refusal(self, name: str, body: bytes) -> bytes | None:
        """What PostgREST says of an insert whose primary key is there; None where it is not."""
        if not name.startswith("rest.ins_") or b'"id"' not in body:
            return None
        key = str(json.loads(body)["id"])
        if key not in self._keys:
            self._keys.add(key)
            return None
        details = f"Key (id)=({key}) already exists."
        said = {"code": "23505", "message": "duplicate key value", "details": details, "hint": None}
        return _json(said)

    def act(self, name: str, call: str, target: str, body: bytes, authorization: str) -> bytes:
        """Do what is asked, and answer.

        Args:
            name: the resource.
            call: the number of the application's call, the same each time that it is repeated.
            target: path and query.
            body: of the request.
            authorization: the header field.
        """
        values = self._values(name, target, body)
        data = self._spec.data[name]
        changed = self._tags(data.invalidates, values)
        self._versions.update(changed)
        if data.once:
            self._done[call] += 1
            self.duplicates[name] += self._done[call] > 1
        shown = changed or self._tags(data.tags, values)
        about = {
            "for": caller_of(authorization),
            "asked": target,
            "versions": {tag: self._versions[tag] for tag in shown},
        }
        return self._worded(name, about, values)

    def _tags(self, names: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...]:
        known = tuple(name for name in names if _PLACE.findall(name)[0] in values)
        return self._spec.tags(known, values)

    def _values(self, name: str, target: str, body: bytes) -> dict[str, str]:
        found = {}
        for pattern, text in zip(_patterns(name), (target, body.decode()), strict=True):
            match = pattern.search(text)
            found.update(match.groupdict() if match else {})
        if "conv" in found:
            accounts = self._spec.workload.accounts
            found.setdefault("acct", str(1 + (int(found["conv"]) - 1) % accounts))
        return found

    def _worded(self, name: str, about: Mapping[str, object], values: Mapping[str, str]) -> bytes:
        """As the provider would say it, as far as the application or a proxy reads it."""
        filling = _FILE if name == "wa.media_get" else _LIST if name in _LISTS else _ROW
        row = {**about, "body": "x" * filling}
        if name == "auth.user":
            return _json({"id": _number(about), **row})
        if name == "wa.media_meta":
            path = f"{self._media}/whatsapp_business/attachments/?mid={values['media']}"
            return _json({"messaging_product": "whatsapp", "url": path, **row})
        if name == "wa.send":
            return _json({"messages": [{"id": "wamid.simulated"}], **about})
        if name.startswith("rest."):
            # The first conversation of an account has the account's number, as do its contacts.
            account = values.get("acct", "1")
            ids = {
                "id": int(values.get("conv", values.get("user", account))),
                "account_id": int(account),
                "contact_id": int(values.get("conv", account)),
                "profile_id": 1 + (int(values.get("conv", account)) - 1) % 8,
            }
            return _json([{**ids, **row}])
        return _json(row)


def _number(about: Mapping[str, object]) -> str:
    """The id of the user that `user-7` stands for."""
    return str(about["for"]).rpartition("-")[2]


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@lru_cache(maxsize=256)
def _patterns(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds the variables in a target and in a body."""
    target: Target = TARGETS[name]
    return _finder(f"{target.path}?{target.query}"), _finder(target.body)


def _finder(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template)
    seen: set[str] = set()
    text = ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            text += re.escape(part)
        elif part in seen:
            text += r"[\w.]+"
        else:
            seen.add(part)
            text += rf"(?P<{part}>[\w.]+)"
    return re.compile(text.removesuffix(r"\?") or r"(?!)")
