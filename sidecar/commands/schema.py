"""`sidecar schema`: the JSON Schema of the configuration, or the reference with every key."""

import argparse
import json

from sidecar.commands import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.switch(
        parser,
        "--reference",
        env="SIDECAR_SCHEMA_REFERENCE",
        text="print a configuration with every key, its default and what it is for",
    )
    options.switch(parser, "--json", env="SIDECAR_JSON", text="print JSON, as the schema always is")


def execute(args: argparse.Namespace) -> int:
    """Print it; always 0."""
    from sidecar.loader.reference import reference
    from sidecar.loader.schema import json_schema

    if args.reference:
        print(json.dumps({"reference": reference()}) if args.json else reference(), end="")
    else:
        print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0
