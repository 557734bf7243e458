"""The schema and the reference are made from the model, and are current."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from sidecar.config import Config
from sidecar.loader.reference import reference
from sidecar.loader.schema import json_schema, sections
from sidecar.loader.shape import members

CONFIG = Path(__file__).parents[3] / "config"
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_the_shipped_schema_is_current():
    shipped = json.loads((CONFIG / "sidecar.schema.json").read_text())
    assert shipped == json_schema(), "run `sidecar schema > config/sidecar.schema.json`"


def test_the_shipped_reference_is_current():
    shipped = (CONFIG / "reference.yaml").read_text()
    assert shipped == reference(), "run `sidecar schema --reference > config/reference.yaml`"


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("file", sorted(CONFIG.glob("*.yaml")), ids=lambda file: file.name)
def test_the_shipped_files_follow_the_schema_and_name_it(file):
    text = file.read_text()
    assert text.startswith("# yaml-language-server: $schema=./sidecar.schema.json\n")
    VALIDATOR.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "upstreams: {a: {url: '${URL}', port: '${PORT}', timeouts: {total_covers_body: '${B}'}}}",
        "upstreams: {a: {url: 'https://x', routes: [{name: r, match: {methods: [GET, '${M}']}}]}}",
        "{upstreams: {a: {url: 'https://x'}}, listen: {proxy: 'h:1'}, log: {level: '${L}'}}",
    ],
)
def test_the_schema_accepts_what_the_loader_does(text):
    VALIDATOR.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "upstreams: {}",
        "upstreams: {A_b: {url: 'https://x'}}",
        "upstreams: {a: {}}",
        "upstreams: {a: {url: 'https://x', prot: 1}}",
        "upstreams: {a: {url: 'https://x', port: 99999}}",
        "upstreams: {a: {url: 'https://x', preset: supabse}}",
        "upstreams: {a: {url: 'https://x', timeouts: {total: 5}}}",
        "{upstreams: {a: {url: 'https://x'}}, loop: 'off'}",
    ],
)
def test_the_schema_refuses_what_the_loader_does(text):
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text)))


def test_every_key_is_described_with_its_default_as_it_is_written():
    schema = json_schema()
    for section in sections(Config):
        definition = schema if section is Config else schema["$defs"][section.__name__]
        for key in members(section):
            described = definition["properties"][key]
            name = described.get("$ref", "").rpartition("/")[2]
            assert described.get("description") or schema["$defs"][name]["description"], key
    assert schema["$defs"]["Timeouts"]["properties"]["first_byte"]["default"] == "10s"
    assert schema["$defs"]["Limits"]["properties"]["max_header_size"]["default"] == "64KiB"
    assert schema["$defs"]["Listen"]["properties"]["ops"]["default"] == "127.0.0.1:9090"


def test_every_key_is_in_the_reference():
    lines = [line.lstrip(" #-") for line in reference().splitlines()]
    for section in sections(Config):
        for key in members(section):
            assert any(line.startswith(f"{key}:") for line in lines), key
    assert all(len(line) <= 80 for line in reference().splitlines())
