"""`sidecar advise`: what could be better, by what a running sidecar has seen, or its log."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sidecar.commands import admin_call, options
from sidecar.commands.admin_answer import fetch

_PATH = "/admin/advice"
_INDENT = "   "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.switch(
        parser, "--sql", env="SIDECAR_ADVISE_SQL", text="print only the statements for the database"
    )
    options.value(
        parser,
        "--from",
        env="SIDECAR_ADVISE_FROM",
        metavar="LOGFILE",
        text="learn from the JSON log of a sidecar instead, and from the configuration; - is "
        "standard input",
    )
    options.switch(
        parser, "--reset", env="SIDECAR_ADVISE_RESET", text="forget what was observed until now"
    )
    admin_call.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """0 done, 1 when nobody answers, 2 for wrong usage or a log that cannot be read."""
    log = vars(args)["from"]
    if args.reset:
        return admin_call.call(args, "POST", f"{_PATH}/reset", {"by": admin_call.as_by()})
    found = fetch(args, _PATH) if log is None else _from_log(args, log)
    if isinstance(found, int):
        return found
    if args.sql:
        sql = statements(found["advice"])
        print(json.dumps({"sql": sql}) + "\n" if args.json else sql, end="")
    elif args.json:
        print(json.dumps(found, indent=2))
    else:
        print(shown(found), end="")
    return 0


def _from_log(args: argparse.Namespace, name: str) -> dict[str, Any] | int:
    from sidecar.commands.loading import loaded
    from sidecar.core.advice import advise, yaml_text
    from sidecar.observing.from_log import learn_from

    found = loaded(args)
    if isinstance(found, int):
        return found
    try:
        if name == "-":
            learnt = learn_from(sys.stdin)
        else:
            with Path(name).open(encoding="utf-8", errors="replace") as lines:
                learnt = learn_from(lines)
    except OSError as error:
        print(f"sidecar advise: {name}: {error.strerror}", file=sys.stderr)
        return admin_call.USAGE
    advice = [
        replace(each, confidence="low", check=f"the log has no operands: {each.check}")
        if each.kind == "index"
        else each
        for each in advise(learnt, found.config)
    ]
    rows = [each.as_dict(yaml_text(each.settings)) for each in advice]
    return {"learnt": learnt.snapshot(), "advice": rows}


def statements(advice: Sequence[dict[str, Any]]) -> str:
    """The SQL of all advice, each statement under what it is for."""
    found = [
        f"-- {each['title']}\n-- {_figures(each['evidence'])}\n{each['sql']}\n"
        for each in advice
        if each["sql"]
    ]
    head = "-- Run the statements one by one: CONCURRENTLY does not work in a transaction.\n\n"
    return head + "\n".join(found) if found else "-- nothing to propose\n"


def shown(found: dict[str, Any]) -> str:
    """For people."""
    learnt, advice = found["learnt"], found["advice"]
    head = f"learnt from {learnt['calls']} calls in {learnt['seconds']:g} s"
    if not advice:
        return f"{head}: nothing to propose\n"
    blocks = [_block(number, each) for number, each in enumerate(advice, 1)]
    return "\n\n".join([head, *blocks]) + "\n"


def _block(number: int, each: dict[str, Any]) -> str:
    where = f"{each['upstream']}/{each['route']}" if each["route"] else each["upstream"]
    lines = [
        f"{number}. {each['title']}",
        f"{_INDENT}{each['kind']}, {where}, confidence {each['confidence']}",
        f"{_INDENT}seen: {_figures(each['evidence'])}",
    ]
    for name in ("yaml", "sql"):
        if each[name]:
            lines += ["", *(f"{_INDENT}  {line}" for line in each[name].splitlines()), ""]
    if each["application"]:
        lines.append(f"{_INDENT}in the application: {each['application']}")
    lines.append(f"{_INDENT}before: {each['check']}")
    return "\n".join(lines)


def _figures(evidence: dict[str, Any]) -> str:
    return ", ".join(_figure(name, value) for name, value in evidence.items())


def _figure(name: str, value: object) -> str:
    words = name.replace("_", " ")
    if name.endswith("_seconds") and isinstance(value, int | float):
        return f"{words.removesuffix(' seconds')} {value:g} s"
    return f"{words} {value}"
