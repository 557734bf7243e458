"""The commands of the documents: which are run, and which are not, and why.

A command that neither is said of is a failure.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

NOT_RUN = {
    r"make [a-z-]+( [A-Z]+=\S+)*": "its targets are checked to exist; .ci/run runs them",
    r"docker |export .* docker|docker compose ": "needs a daemon; `make test-image` runs the same",
    r"kubectl ": "needs a cluster; `make test-image` checks the manifests",
    r"(\S+/)?pip |pip --python|npm ci ": "installs; tests/slow/test_wheel.py does so",
    r"python3 -m venv ": "installs; tests/slow/test_wheel.py does so",
    r"python -m scripts\.conformance": "takes minutes; tests/conformance does it",
    r"cp deploy/systemd/": "writes into /etc; tests/deploy checks the unit",
    r"export SUPABASE_URL=": "is for the `docker compose` after it",
    r"prometheus ": "tests/observability/test_drill.py runs it",
    r"curl http://127\.0\.0\.1:8000": "is for the `docker compose` before it",
}
"""Commands that are not run, by a pattern at their beginning, and why."""

RUN = {
    "sidecar": "the program itself",
    "curl": "asks what runs",
    "set": "a word of the shell",
    ".": "a word of the shell",
    "export": "a word of the shell",
}
"""Programs that are run."""

SECONDS = 6
BEGUN = re.compile(r"sidecar (run|demo)\b")
"""What goes on until somebody ends it, while other commands ask it."""

LOOKS = re.compile(r"sidecar (top|tap)\b(?!.*--once)")
"""What looks on until Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Command:
    """One line of a block of commands, joined where it is continued."""

    text: str

    @property
    def why_not(self) -> str:
        """Why it is not run; "" where it is."""
        found = (why for pattern, why in NOT_RUN.items() if re.match(pattern, self.text))
        return next(found, "")

    @property
    def begins(self) -> bool:
        """Whether it goes on until somebody ends it."""
        return bool(BEGUN.match(self.text))

    @property
    def ended(self) -> str:
        """The command, and Ctrl-C after some seconds where it would go on."""
        ctrl_c = f"timeout --foreground --preserve-status --signal=INT {SECONDS} "
        return ctrl_c + self.text if LOOKS.match(self.text) else self.text

    def parts(self) -> list[list[str]]:
        """The simple commands in it, in words, without assignments before them."""
        return list(_parts(self.text))


def commands(text: str) -> list[Command]:
    """The commands of a block; of a session, those after the prompt. Remarks are left out."""
    lines = text.replace("\\\n", " ").splitlines()
    prompted = [line[2:] for line in lines if line.startswith("$ ")]
    plain = (re.sub(r"(^|\s)#.*", "", line).strip() for line in prompted or lines)
    return [Command(re.sub(r"\s+", " ", line)) for line in plain if line]


def _parts(text: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|&;"):
            yield words
            words = []
        elif words or not re.fullmatch(r"\w+=.*", word):
            words.append(word)
    if words:
        yield words
