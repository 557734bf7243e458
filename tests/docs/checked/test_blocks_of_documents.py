"""Each block of code in the documents is proved, here or in tests/docs/executed."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from sidecar.commands.check import examine
from sidecar.config import Config
from sidecar.core.config_diff import differences
from sidecar.loader import loads
from tests.docs.blocks import ROOT, blocks, read
from tests.docs.placing import placed_keys, whole
from tests.docs.treatment import ELSEWHERE, Unknown, treated, treatment

ALL = blocks()
KINDS = {
    "changes", "commands", "compose", "configuration", "dockerfile", "drawing", "javascript",
    "json", "kubernetes", "order", "output", "prometheus", "promql", "python", "request", "rules",
    "session", "variables",
}  # fmt: skip
FILE = re.compile(r"\$\{file:([^}]*)\}")
CERTIFICATE = re.compile(r"((?:ca|certificate|key): )[\w./-]+\.(?:pem|key|crt)")
VARIABLE = re.compile(r"\$\{(\w+)\}")
INSTRUCTIONS = {
    "FROM",
    "COPY",
    "RUN",
    "ENTRYPOINT",
    "CMD",
    "ENV",
    "ARG",
    "WORKDIR",
    "USER",
    "EXPOSE",
}
SERVICE = {
    "build", "cap_drop", "command", "depends_on", "entrypoint", "env_file", "environment",
    "extra_hosts", "healthcheck", "image", "network_mode", "networks", "ports", "read_only",
    "restart", "security_opt", "stop_grace_period", "user", "volumes",
}  # fmt: skip
PATH = re.compile(r"[\w./-]+/(?=[\s,]|$)|[\w./-]+\.(?:py|md|yaml|toml|json)\b")
SECRET = "a-secret-of-sixteen-or-more-characters-in-all-places"


def of(*kinds):
    """The blocks of these kinds, as parameters."""
    found = [block for block in ALL if treated(block, *kinds)]
    assert set(kinds) <= KINDS
    return pytest.mark.parametrize("block", found, ids=lambda block: block.id)


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.id)
def test_every_block_is_of_a_kind_that_is_proved(block):
    assert treatment(block) in KINDS


def stand_in(name):
    """A value for a variable, or for a file, by what its name says that it is."""
    if "REDIS" in name:
        return "rediss://cache.test:6379/0"
    return "https://upstream.test" if name.endswith(("URL", "ENDPOINT")) else SECRET


def written(reference):
    """The same reference to a file here, which is written."""
    name = Path(reference[1]).name
    Path(name).write_text(stand_in(name.upper().replace("-", "_")))
    return f"${{file:./{name}}}"


@of("configuration")
def test_a_configuration_is_accepted_and_nothing_is_odd_about_it(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in VARIABLE.findall(block.text):
        monkeypatch.setenv(name, stand_in(name))
    text = FILE.sub(written, whole(block.text))
    text = CERTIFICATE.sub(r"\1./secret", text)
    Path("secret").write_text(SECRET)
    Path("sidecar.yaml").write_text(text)
    found = examine("sidecar.yaml")
    assert [(each.origin.place, each.text) for each in found.problems] == []
    assert found.code == 0


@of("compose")
def test_a_compose_file_has_keys_that_there_are(block):
    tree = yaml.safe_load(block.text)
    assert set(tree) <= {"services", "networks", "volumes"}
    services = tree["services"]
    for service in services.values():
        assert set(service) <= SERVICE
        assert set(service.get("depends_on", ())) <= set(services)
        joined = set(service.get("networks", ()))
        assert joined <= set(tree.get("networks", joined))


@of("json")
def test_json_is_json(block):
    json.loads(block.text)


@of("python")
def test_python_is_python(block):
    ast.parse(block.text)


@of("dockerfile")
def test_an_instruction_of_a_dockerfile_is_one(block):
    for line in block.text.replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        assert word in INSTRUCTIONS
        if word in ("ENTRYPOINT", "CMD"):
            assert all(isinstance(each, str) for each in json.loads(rest))


@of("variables")
def test_a_variable_is_assigned_and_an_override_names_a_setting(block):
    pairs = [line.partition("=") for line in block.text.splitlines()]
    assert all(re.fullmatch(r"[A-Z_]\w*", name) and equals for name, equals, _ in pairs)
    env = {name: value for name, _, value in pairs if name.startswith("SIDECAR__")}
    found = loads((ROOT / "config/sidecar.yaml").read_text(), env=env)
    assert found.warnings == ()


@of("drawing")
def test_a_drawing_names_files_that_there_are(block):
    places, missing = [ROOT, ROOT / "sidecar"], []
    for name in PATH.findall(block.text):
        found = next((place / name for place in places if (place / name).exists()), None)
        if found is None:
            missing.append(name)
        elif name.endswith("/"):
            places.append(found)  # what is named after a folder may be in it
        else:
            places.append(found.parent)
    assert missing == []


@of("order")
def test_the_order_of_imports_is_the_one_that_is_checked(block):
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    (contract,) = [each for each in tool["importlinter"]["contracts"] if each["id"] == "order"]
    drawn = [each.strip() for each in " ".join(block.text.split()).split("→")]
    assert drawn == [each for each in contract["layers"] if not each.startswith("__")]


@of("changes")
def test_changes_are_worded_as_a_reload_words_them(block):
    before = """
upstreams:
  supabase: {url: "http://a", timeouts: {total: 10s}}
  api: {url: "http://b", routes: [{name: old, match: {path: /old}}]}
  gemini: {url: "http://c", credentials: {header: x-key, value: one}}
"""
    after = """
upstreams:
  supabase: {url: "http://a", timeouts: {total: 5s}}
  weather: {url: "http://d"}
  api: {url: "http://b"}
  gemini: {url: "http://c", credentials: {header: x-key, value: two}}
"""
    old, new = (loads(text, env={}).config for text in (before, after))
    assert sorted(str(each) for each in differences(old, new)) == sorted(block.text.splitlines())


@pytest.mark.parametrize(("document", "by"), ELSEWHERE.items(), ids=str)
def test_what_another_test_runs_is_run_by_it(document, by):
    words = [word for word in re.split(r"[/.]", document) if word not in ("", "md")]
    assert all(f'"{word}' in (ROOT / by).read_text() for word in words)


def test_a_block_without_a_kind_is_not_passed_over():
    (block,) = read("a.md", "```\nwhat is this\n```\n")
    with pytest.raises(Unknown, match=r"a\.md:1"):
        treatment(block)


@pytest.mark.parametrize("text", ["```yaml\nfrobnicate: 1\n```\n", "```yaml\n- a list\n```\n"])
def test_yaml_of_nothing_that_is_known_is_not_passed_over(text):
    (block,) = read("a.md", text)
    with pytest.raises(Unknown, match="YAML"):
        treatment(block)


def test_text_must_say_what_it_is():
    (block,) = read("a.md", "```text\nlines\n```\n")
    with pytest.raises(Unknown, match="text, but of what"):
        treatment(block)


def test_code_that_is_only_indented_is_refused():
    (block,) = read("a.md", "Words:\n\n    sidecar run\n")
    with pytest.raises(Unknown, match=r"a\.md:3: a block of kind 'indented'"):
        treatment(block)


def test_a_fence_without_an_end_is_refused():
    (block,) = read("a.md", "```sh\nsidecar run\n")
    with pytest.raises(Unknown, match=r"a\.md:1: a block of kind 'endless'"):
        treatment(block)


def test_a_block_in_a_list_is_read_and_what_is_continued_in_one_is_no_code():
    text = "- one\n\n  ```sh\n  sidecar run\n  ```\n\n    still the item\n"
    assert [(each.kind, each.text) for each in read("a.md", text)] == [("sh", "sidecar run\n")]


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (["upstreams", "stores"], ()),
        (["retry", "breaker"], ("upstream",)),
        (["match", "cache"], ("route",)),
        (["nonsense"], None),
    ],
)
def test_keys_find_their_place(keys, place):
    assert placed_keys(keys) == place


@pytest.mark.parametrize(
    "text", ["retry: {attempts: 2}", "queue: {mode: always}", "log: {level: error}"]
)
def test_a_part_is_made_whole(text):
    assert isinstance(loads(whole(text), env={}).config, Config)
