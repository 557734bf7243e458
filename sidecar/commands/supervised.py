"""Runs a command as an init process would: passes signals on, reaps what it leaves behind.

One thread receives all signals, SIGCHLD among them, so none is ever sent to a process that is gone.
Knows nothing of the sidecar.
"""

import os
import signal
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

NOT_FOUND = 127
NOT_RUNNABLE = 126
"""The exit codes of a shell (POSIX, "Exit Status for Commands")."""

_PASSED_ON = frozenset(
    {
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGUSR2,
    }
)
_END = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
_WAITED_FOR = _PASSED_ON | {signal.SIGCHLD}
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


@contextmanager
def withheld() -> Iterator[Collection[int]]:
    """Withhold the signals from this thread and those it makes; `supervised` receives them.

    Yields:
        what was withheld before, which is what the command is to inherit.
    """
    # With a handler, a signal that is ignored by default is kept while it is withheld (POSIX leaves
    # that open for others), and an inherited "ignore" does not make the kernel reap by itself.
    handler = signal.signal(signal.SIGCHLD, lambda *_: None)
    allowed = signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_FOR)
    try:
        yield allowed
    finally:
        while signal.sigpending() & _WAITED_FOR:  # what came too late changes no exit code
            signal.sigwait(_WAITED_FOR)
        signal.pthread_sigmask(signal.SIG_SETMASK, allowed)
        signal.signal(signal.SIGCHLD, handler or signal.SIG_DFL)


def supervised(
    command: Sequence[str], environment: Mapping[str, str], allowed: Collection[int]
) -> int:
    """Run the command to its end, within `withheld`. Blocks.

    Standard input, output and error are the command's, and it is in our process group, so a
    terminal's Ctrl-C, Ctrl-Z and `fg` reach both.

    Returns:
        its exit code, or 128+n when signal n ended it or came before it began.
    """
    early = signal.sigpending() & _END
    if early:
        return 128 + int(min(early))
    try:
        pid = os.posix_spawnp(
            command[0],
            list(command),
            dict(environment),
            setsigmask=allowed,
            setsigdef=_IGNORED_BY_PYTHON,
        )
    except (OSError, ValueError) as error:
        return _not_spawned(command[0], error)
    while True:
        number, from_terminal = _next_signal()
        if number == signal.SIGCHLD:
            code = _reap(pid)
            if code is not None:
                return code
        elif not (from_terminal and os.getpgid(pid) == os.getpgrp()):
            _send(pid, number, command[0])


def _send(pid: int, number: int, name: str) -> None:
    try:
        os.kill(pid, number)
    except PermissionError:  # it became another user, as sudo does
        word = signal.Signals(number).name
        print(f"sidecar exec: {name}: {word} cannot be sent to it", file=sys.stderr)


def _not_spawned(name: str, error: OSError | ValueError) -> int:
    missing = isinstance(error, FileNotFoundError)
    reason = "not found" if missing else getattr(error, "strerror", None) or str(error)
    print(f"sidecar exec: {name}: {reason}", file=sys.stderr)
    return NOT_FOUND if missing else NOT_RUNNABLE


def _next_signal() -> tuple[int, bool]:
    """The next signal, and whether a terminal sent it: to its whole foreground, so to both of us.

    Those of a terminal come from the kernel itself (`si_code` above 0, sigaction(2)), those that
    somebody sends with kill(2) do not, and come to us alone.
    """
    if sys.platform == "linux":
        told = signal.sigwaitinfo(_WAITED_FOR)
        return told.si_signo, told.si_code > 0
    else:  # noqa: RET505 - for mypy, this is another platform's branch
        number = signal.sigwait(_WAITED_FOR)
        return number, number in {signal.SIGINT, signal.SIGQUIT} and _in_foreground()


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno() if sys.__stdin__ else 0) == os.getpgrp()
    except OSError:
        return False


def _reap(pid: int) -> int | None:
    """Reap all that ended, orphans that became ours too; the exit code of `pid` if it is there."""
    code = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if ended == pid:
            how = os.waitstatus_to_exitcode(status)
            code = how if how >= 0 else 128 - how
        elif not ended:
            return code
