import re
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.loader import loads

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"\$\{file:[^}]*\}")
VARIABLE = re.compile(r"\$\{(\w+)\}")
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
SHELLS = {"sh", "bash", "shell", "console"}
COMMON = {"curl", "cd", "cp", "docker", "export", "git", "kill", "kubectl", "node", "npm", "pip"}
COMMON |= {"pipx", "prometheus", "python", "python3", "uv", "uvx"}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def blocks(kinds):
    """Each fenced block of one of the kinds: its info string and its text."""
    return list(_blocks(kinds))


def _blocks(kinds):
    for document in DOCUMENTS:
        text = document.read_text()
        for found in BLOCK.finditer(text):
            kind, *rest = found[1].split() or [""]
            if kind in kinds:
                line = text.count("\n", 0, found.start()) + 1
                yield pytest.param(rest, found[2], id=f"{document.relative_to(ROOT)}:{line}")


def commands(text):
    """The command lines of a shell block; of a console, those after the prompt."""
    lines = text.replace("\\\n", " ").splitlines()
    prompted = [line[2:] for line in lines if line.startswith("$ ")]
    for line in prompted or lines:
        plain = re.sub(r"(^|\s)#.*", "", line).strip()
        plain = re.sub(r"^(\w+=\S*\s+)+", "", plain)
        yield from (part.split() for part in re.split(r"\s*(?:&&|\|\|?|;)\s*", plain) if part)


def known(words):
    """Whether the command exists: a target of the Makefile, a command of ours, or a common one."""
    program = words[0].removeprefix(".venv/bin/")
    if program == "make":
        return all(word in TARGETS or "=" in word for word in words[1:])
    if program == "sidecar":
        return len(words) > 1 and has_command(words[1])
    return program in COMMON or (ROOT / program).is_file()


def has_command(name, seen={}):  # noqa: B006 - one process for each name, not for each mention
    if name not in seen:
        asked = [sys.executable, "-m", "sidecar", name, *(["--help"] if name[0] != "-" else [])]
        done = subprocess.run(asked, capture_output=True, timeout=30, check=False)
        seen[name] = done.returncode == 0
    return seen[name]


@pytest.mark.parametrize(("info", "text"), blocks({"yaml", "yml"}))
def test_a_configuration_in_a_document_loads(info, text):
    if not re.search(r"^upstreams:", text, re.MULTILINE) or "fragment" in info:
        return
    text = FILE.sub("secret", text)
    loads(text, env=dict.fromkeys(VARIABLE.findall(text), "https://upstream.test"))


@pytest.mark.parametrize(("info", "text"), blocks(SHELLS))
def test_every_command_in_a_document_exists(info, text):
    unknown = [" ".join(words) for words in commands(text) if not known(words)]
    assert not unknown


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("make test", True),
        ("make nonsense", False),
        ("A=1 make test ARGS=-x && git status", True),
        ("make test | frobnicate", False),
        ("$ make help\noutput of it", True),
        ("scripts/venv.sh", True),
        ("scripts/gone.sh", False),
    ],
)
def test_the_check_of_commands_can_fail(text, answer):
    assert all(known(words) for words in commands(text)) is answer


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document):
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []
