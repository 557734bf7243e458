"""What documents name in passing exists: commands with their flags, targets, metrics, variables."""

import json
import re
import shlex
from functools import cache

import pytest

from sidecar.cli import COMMANDS, parser_of
from tests.docs.blocks import DOCUMENTS, ROOT, blocks, named, prose
from tests.docs.shell import NOT_RUN, RUN, Command, commands
from tests.docs.treatment import treated

RULE = re.compile(r"^([a-z][a-z -]*):", re.MULTILINE)
TARGETS = {name for rule in RULE.findall((ROOT / "Makefile").read_text()) for name in rule.split()}
SOURCES = "\n".join(path.read_text() for path in (ROOT / "sidecar").rglob("*.py"))
OUTSIDE = "\n".join(
    path.read_text()
    for path in (
        *(ROOT / "tests").rglob("*.py"),
        ROOT / "Dockerfile",
        *(ROOT / "bench").rglob("*.py"),
    )
)
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
METRIC = re.compile(r"\bsidecar_[a-z0-9_]+[a-z0-9]\b")
VARIABLE = re.compile(r"\bSIDECAR_[A-Z]\w*[A-Z]\b")
PARTS = ("_bucket", "_sum", "_count", "_total", "_info", "_created")
PLACEHOLDERS = {"COMMAND", "CMD", "…", "[KEY]"}
SHELL = [block for block in blocks() if treated(block, "commands", "session")]


@cache
def parser(name):
    return parser_of(name)


def flags(name):
    return {flag for action in parser(name)._actions for flag in action.option_strings}


def wrong(words):
    """What is wrong with the words of a command, or None."""
    if words[0] == "make":
        unknown = [word for word in words[1:] if "=" not in word and word not in TARGETS]
        return f"no target {unknown[0]}" if unknown else None
    if words[0] != "sidecar" or len(words) == 1 or words[1] in PLACEHOLDERS:
        return None
    name = words[1]
    if name.startswith("-"):
        return None
    if name not in COMMANDS:
        return f"no command {name}"
    given = words[: words.index("--")] if "--" in words else words
    said = [word.partition("=")[0] for word in given[2:] if word.startswith("-")]
    return next((f"{name} has no {flag}" for flag in said if flag not in flags(name)), None)


def spans():
    for document in DOCUMENTS:
        text = prose(document.read_text())
        for found in SPAN.finditer(text):
            words = " ".join(found[1].split())
            if words.startswith(("sidecar ", "make ")):
                line = text.count("\n", 0, found.start()) + 1
                yield pytest.param(words, id=f"{named(document)}:{line}")


def lines():
    for block in SHELL:
        for number, command in enumerate(commands(block.text)):
            yield pytest.param(command, id=f"{block.id}+{number}")


@pytest.mark.parametrize("command", list(lines()))
def test_every_command_is_run_or_has_a_reason_why_not(command):
    for words in command.parts():
        assert command.why_not or words[0] in RUN, f"who is {words[0]}?"
        assert wrong(words) is None


@pytest.mark.parametrize("command", [line for line in lines() if line.values[0].parts()])
def test_the_arguments_of_a_command_are_taken(command):
    for words in command.parts():
        if words[0] == "sidecar" and words[1] in COMMANDS:
            parser(words[1]).parse_args(words[2:])


@pytest.mark.parametrize("pattern", NOT_RUN)
def test_a_reason_for_not_running_commands_is_still_needed(pattern):
    texts = [line.values[0].text for line in lines()]
    assert any(re.match(pattern, text) for text in texts)


def test_the_command_of_an_image_is_taken():
    texts = [block.text for block in blocks() if treated(block, "dockerfile")]
    entries = re.findall(r"^ENTRYPOINT (.*)$", "\n".join(texts), re.MULTILINE)
    assert len(entries) >= 2
    for entry in entries:
        program, name, *words = json.loads(entry)
        assert program.endswith("sidecar")
        parser(name).parse_args([*words, "python", "app.py"])


@pytest.mark.parametrize("text", list(spans()))
def test_a_command_that_is_mentioned_exists_with_its_flags(text):
    try:
        words = shlex.split(text.replace("…", " … ").replace("|", " | "))
    except ValueError:
        words = text.split()
    assert wrong(words[: words.index("|")] if "|" in words else words) is None


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_metric_that_is_mentioned_is_one_of_the_table(document):
    table = (ROOT / "docs/operations.md").read_text().partition("\n## Metrics\n")[2]
    known = set(METRIC.findall(table))
    found = set(METRIC.findall(document.read_text()))
    unknown = {name for name in found if not any(base in known for base in bases(name))}
    assert {name for name in unknown if not any(each.startswith(name) for each in known)} == set()


def bases(name):
    """The names of which a series may be a part."""
    yield name
    for part in PARTS:
        if name.endswith(part):
            yield name.removesuffix(part)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_variable_that_is_mentioned_is_read_by_somebody(document):
    found = {name for name in VARIABLE.findall(document.read_text()) if "__" not in name}
    assert {
        name for name in found if name not in SOURCES + OUTSIDE + document_yaml(document)
    } == set()


def document_yaml(document):
    """What the document's own configurations and commands give to it."""
    text = document.read_text()
    return "\n".join([*re.findall(r"\$\{\w+\}", text), *re.findall(r"export .*", text)])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("make test", None),
        ("make nonsense", "no target nonsense"),
        ("sidecar check -c FILE", None),
        ("sidecar chekc", "no command chekc"),
        ("sidecar check --frobnicate", "check has no --frobnicate"),
        ("sidecar exec -- python --version", None),
    ],
)
def test_a_mistake_in_a_command_is_seen(text, fault):
    assert wrong(text.split()) == fault


def test_commands_are_read_from_blocks_and_from_sessions():
    assert commands("# why\nmake test   # words\nsidecar check \\\n  -c a\n") == [
        Command("make test"),
        Command("sidecar check -c a"),
    ]
    assert commands("$ sidecar report\nsince …\n") == [Command("sidecar report")]


def test_parts_of_a_command_are_told_apart():
    (command,) = commands("set -a; . ./.env && A=1 sidecar check | head")
    assert command.parts() == [["set", "-a"], [".", "./.env"], ["sidecar", "check"], ["head"]]


PAGES = "".join("".join(page.read_text().split()) for page in (ROOT / "docs/clients").glob("*.md"))
CODE = [
    block for block in blocks() if treated(block, "python", "javascript") and block.about != "run"
]


@pytest.mark.parametrize("block", CODE, ids=lambda block: block.id)
def test_code_that_is_not_run_is_also_in_a_page_about_a_client_which_is(block):
    for line in filter(str.strip, block.text.splitlines()):
        assert "".join(line.split()) in PAGES


@pytest.mark.parametrize("document", ["README.md", "docs/clients.md"])
def test_the_one_change_of_a_client_is_in_its_page(document):
    rows = [line for line in (ROOT / document).read_text().splitlines() if line.startswith("| ")]
    changes = [span for row in rows for span in SPAN.findall(row) if ":8080/" in span]
    assert len(changes) >= 2
    assert [span for span in changes if "".join(span.split()) not in PAGES] == []
