"""Every command of the documents is run, as it stands there, and what they show of it is printed.

Most ask the sidecar of `world.py`; some documents begin with nothing and start their own.
"""

import json
import re
from contextlib import ExitStack

import pytest

from sidecar.demo.supabase import SERVICE_KEY
from tests.docs.blocks import DOCUMENTS, ROOT, blocks, named, prose
from tests.docs.executed.sandbox import Sandbox
from tests.docs.executed.shape import missing
from tests.docs.executed.world import PROJECT, make, ports
from tests.docs.shell import commands
from tests.docs.treatment import ELSEWHERE, treated, treatment
from tests.support.simulated import simulated

OWN = {"README.md", "docs/start.md", "docs/init.md", "docs/exec.md", "docs/clients.md"}
"""Documents that start with a folder of an application, and start what they ask."""

APPLICATION = 'import os\n\nprint(os.environ["SUPABASE_URL"])\n'
ENV = f"SUPABASE_URL={PROJECT}\nSUPABASE_KEY=your-key\n"
ENDPOINT = re.compile(r"`(?:(GET|POST|DELETE|PUT) )?(/admin[\w/.-]*)[?\w=&]*(…?)`")
UNORDERED = ("sidecar top", "sidecar tap")
MISTAKES = """\
upstreams:
  supabase:
    preset: supabase
    url: ${SUPABASE_ULR}
  gemini:
    url: https://generativelanguage.googleapis.com
    timout: 1s
"""
COMMANDS = [
    block
    for block in blocks()
    if treated(block, "commands", "session") and block.document not in ELSEWHERE
]
OUTPUTS = [block for block in blocks() if treated(block, "output", "session")]
ASKING = sorted({block.document for block in COMMANDS} - OWN)


def run(command):
    """A command that is run here; not what another test runs or nobody can."""
    return not command.why_not


def of(document):
    return [block for block in blocks() if block.document == document]


@pytest.mark.parametrize("document", ASKING)
def test_the_commands_of_a_document_do_their_work(document, world):
    try:
        for block in of(document):
            if block in COMMANDS:
                for command in filter(run, commands(block.text)):
                    world.ran(meant(command.ended, world))
    finally:
        world.settle()


def meant(text, world):
    """A command with what its placeholders stand for."""
    text = re.sub(r"\bID\b", world.failed, text).replace("curl ", "curl --fail --silent ")
    text = text.replace("…", "something")
    return text.replace(" d1", f" {world.drill}") if " d1" in text else text


@pytest.mark.parametrize("document", sorted(OWN))
def test_a_document_that_begins_with_nothing_gets_to_its_end(document, tmp_path):
    with simulated(make) as simulators, ExitStack() as stack:
        instead = {PROJECT: simulators.urls["supabase"], "your-key": SERVICE_KEY}
        box = Sandbox(tmp_path, ports(), instead)
        (tmp_path / ".env").write_text(box.placed(ENV))
        (tmp_path / "app.py").write_text(APPLICATION)
        printed = {}
        for block in of(document):
            kind = treatment(block)
            if kind == "variables":
                (tmp_path / ".env").write_text(box.placed(block.text))
            elif kind == "output" and block.about.removeprefix("of ") in printed:
                assert missing(block.text, printed[block.about.removeprefix("of ")]) == []
            elif kind == "commands":
                for command in filter(run, commands(block.text)):
                    if command.begins:
                        stack.enter_context(box.begun(command.text))
                        continue
                    done = box.run(command.ended.replace("curl ", "curl --fail "))
                    assert done.returncode == 0, (command.text, done.stdout, done.stderr)
                    printed[command.text] = done.stdout


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    """What `make run` prints, of a short run."""
    box = Sandbox(tmp_path_factory.mktemp("demo"), ports())
    done = box.run("sidecar demo --once --duration 4")
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed_by(block, world, tmp_path, demonstration):
    """What the command prints that a block shows."""
    if treated(block, "session"):
        (command,) = commands(block.text)
        return world.ran(command.text)
    command = block.about.removeprefix("of ")
    if command == "make run":
        return demonstration
    box = Sandbox(tmp_path, ports(), env={"SUPABASE_URL": "https://upstream.test"})
    if command == "sidecar check":
        (tmp_path / "sidecar.yaml").write_text(MISTAKES)
        return box.run("SIDECAR__LISTN__OPS=127.0.0.1:9090 sidecar check || true").stdout
    if command.startswith("sidecar explain"):
        before = [each for each in of(block.document) if each.line < block.line]
        whole = [each for each in before if treated(each, "configuration")]
        (tmp_path / "sidecar.yaml").write_text(whole[-1].text)
        done = box.run(command)
        assert done.returncode == 0, done.stderr
        return done.stdout
    if command.startswith(UNORDERED):
        world.live()
    return world.ran(command)


@pytest.mark.parametrize(
    "block", [each for each in OUTPUTS if each.document != "docs/start.md"], ids=lambda b: b.id
)
def test_what_a_document_shows_is_what_is_printed(block, world, tmp_path, demonstration):
    printed = printed_by(block, world, tmp_path, demonstration)
    shown = re.sub(r"^\$ .*\n", "", block.text)
    ordered = not block.about.removeprefix("of ").startswith(UNORDERED)
    assert missing(shown, printed, ordered=ordered) == [], printed


@pytest.mark.parametrize(
    "block", [each for each in blocks() if treated(each, "request")], ids=lambda each: each.id
)
def test_a_page_of_the_sidecars_own_is_there(block, world):
    for line in block.text.splitlines():
        method, path = line.split()
        status, headers, _ = world.call(path, {} if method == "POST" else None, {})
        assert (status, headers.get("X-Sidecar-Error")) != (404, "reserved_path")


def test_an_endpoint_that_is_mentioned_is_one_that_there_is(world):
    done = world.box.run("curl --fail --silent 'http://127.0.0.1:9901/admin?format=json'")
    offered = [(each["method"], each["path"]) for each in json.loads(done.stdout)]
    offered += [("GET", "/admin"), ("GET", "/admin/openapi.json")]
    found = [
        (named(document), *mention)
        for document in DOCUMENTS
        for mention in ENDPOINT.findall(prose(document.read_text()))
    ]
    assert len(found) > 20
    unknown = [
        mention
        for mention in found
        if not any(
            mention[1] in ("", method)
            and (path == mention[2] or (mention[3] and path.startswith(mention[2])))
            for method, path in offered
        )
    ]
    assert unknown == []


def test_every_document_is_in_the_checkout():
    assert all((ROOT / document).exists() for document in OWN)
