"""The proxy's listening sockets: plain and TLS, TCP and Unix, shared and one for each upstream.

Which there are, and what becomes of them when the configuration changes. Knows addresses and
certificates; nothing of what is served.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sidecar.config import Address, Config
from sidecar.listener import Listener
from sidecar.listening import Listening, Wanted
from sidecar.server_tls import Certificate, Shown, read_certificate

Bound = dict[str, Address | list[Address]]


@dataclass(slots=True)
class Change:
    """The sockets of another configuration: bound where they are new, and not served yet."""

    config: Config
    certificate: Certificate | None
    tls: Shown | None
    listening: list[tuple[Wanted, Listening]] = field(default_factory=list)
    """All, in their order."""
    new: list[Listening] = field(default_factory=list)

    async def undo(self) -> None:
        """Let go of what was bound."""
        for each in self.new:
            await each.close()


class Servers:
    """All listeners of the proxy."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._tls: Shown | None = None
        self.open: list[Listening] = []
        """Those that are served."""
        self._leaving: set[asyncio.Task[None]] = set()

    async def prepare(self, config: Config) -> Change:
        """Bind what a configuration has anew. What is open at the same address stays as it is.

        Raises:
            OSError: an address is taken or not ours, or a certificate file cannot be read; then
                nothing is bound.
        """
        files = config.listen.tls
        certificate = read_certificate(files) if files is not None else None
        tls = self._tls or (Shown(certificate) if certificate is not None else None)
        change = Change(config, certificate, tls)
        free = list(self.open)
        try:
            for wanted in _wanted(config):
                found = next((each for each in free if _is_same(each.wanted, wanted)), None)
                if found is not None:
                    free.remove(found)
                else:
                    _check(wanted, self.open)
                    found = Listening(wanted, self._listener, config.limits)
                    found.bind(tls.context if tls is not None and wanted.secure else None)
                    change.new.append(found)
                change.listening.append((wanted, found))
        except BaseException:
            await change.undo()
            raise
        return change

    async def enter(self, change: Change) -> bool:
        """Serve what was bound, and accept nobody any more where nothing is wanted.

        Returns:
            whether another certificate is shown.
        """
        before = self._tls.digest if self._tls is not None else None
        if change.certificate is not None and change.tls is not None:
            change.tls.show(change.certificate)
        self._tls = change.tls
        gone, self.open = self.open, [each for _, each in change.listening]
        for wanted, each in change.listening:
            each.go_by(wanted, change.config.limits)
        for each in change.new:
            await each.accept()
        for each in gone:
            if each in self.open:
                continue
            task = asyncio.get_running_loop().create_task(each.leave())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        return before is not None and self._tls is not None and self._tls.digest != before

    @property
    def bound(self) -> Bound:
        """Where they are; those that asked for port 0 have got one."""
        found: Bound = {"proxy": [], "proxy_tls": []}
        for each in self.open:
            shared = found.get(each.wanted.name)
            if isinstance(shared, list):
                shared.append(each.address)
            else:
                found[each.wanted.name] = each.address
        return found

    @property
    def owes(self) -> bool:
        """Whether a client has not yet been sent all of an answer."""
        return any(each.acceptor.owes for each in self.open)

    async def close(self) -> None:
        """Stop accepting, and end every connection."""
        leaving = tuple(self._leaving)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await asyncio.gather(*(each.close() for each in self.open))
        self.open.clear()


def _check(wanted: Wanted, there: Sequence[Listening]) -> None:
    """Binding a path takes it from whoever has it: not from a socket of our own.

    Raises:
        OSError: one of ours has it.
    """
    path = wanted.address.path
    if path and any(each.address.path == path for each in there):
        raise OSError(f"cannot listen on {wanted.address}: it is plain or TLS until a restart")


def _is_same(one: Wanted, other: Wanted) -> bool:
    """Whether one socket does for both. An upstream may have got another name."""
    shared = one.upstream is None, other.upstream is None
    return one.address == other.address and one.secure == other.secure and shared[0] == shared[1]


def _wanted(config: Config) -> Iterator[Wanted]:
    listen = config.listen
    for address in listen.proxy:
        yield Wanted("proxy", address, None, secure=False)
    for address in listen.proxy_tls:
        yield Wanted("proxy_tls", address, None, secure=True)
    host = next((address.host for address in listen.proxy if address.host), "127.0.0.1")
    for name, upstream in config.upstreams.items():
        if upstream.port is not None:
            yield Wanted(f"upstream:{name}", Address(host, upstream.port), name, secure=False)
        if upstream.tls_port is not None:
            yield Wanted(
                f"upstream-tls:{name}", Address(host, upstream.tls_port), name, secure=True
            )
