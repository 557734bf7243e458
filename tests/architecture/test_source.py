"""What every source file has to be: short, introduced by what it is, and named for what it does."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIDECAR = ROOT / "sidecar"
MODULES = sorted(SIDECAR.rglob("*.py"))
OTHERS = sorted(
    path
    for folder in ("tests", "bench", "scripts")
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts
)
MAX_LINES = 250
WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
SIMULATORS = SIDECAR / "demo"
VAGUE = {"manager", "helper", "helpers", "util", "utils", "service", "services"}


def names(tree):
    """Every name that a module gives to something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def vague(name):
    return VAGUE & {word.lower() for word in WORDS.findall(name)}


def relative(path):
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(params=MODULES, ids=relative)
def module(request):
    return request.param


def lines_of(path):
    return len(path.read_text().splitlines())


def imported(tree):
    """Every module that is imported, and every name from one as if it were a module too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)


def test_a_module_is_short(module):
    lines = lines_of(module)
    assert lines <= MAX_LINES, f"{relative(module)} has {lines} lines"


def test_so_is_one_of_tests_benches_or_scripts():
    long = {relative(path): lines for path in OTHERS if (lines := lines_of(path)) > MAX_LINES}
    assert long == {}


def test_tests_outside_of_packages_have_names_of_their_own():
    """Two such modules of one name cannot be collected together."""
    loose = [
        path.name
        for path in OTHERS
        if path.name.startswith("test_") and not (path.parent / "__init__.py").exists()
    ]
    assert sorted({name for name in loose if loose.count(name) > 1}) == []


def test_no_test_imports_another():
    shared = {
        f"{relative(path)}: {name}"
        for path in OTHERS
        for name in imported(ast.parse(path.read_text()))
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    }
    assert shared == set()


def test_a_module_says_what_it_is_in_one_to_five_lines(module):
    if module.name == "__main__.py":
        return
    text = ast.get_docstring(ast.parse(module.read_text()))
    assert text, f"{relative(module)} has no docstring"
    if module.parent != SIDECAR:  # exchange.py and errors.py hold a contract and a tree
        assert len(text.split("\n\n")[0].splitlines()) <= 5


def test_names_say_what_a_thing_is(module):
    tree = ast.parse(module.read_text())
    allowed = (
        {"service", "services"} if SIMULATORS in module.parents else set()
    )  # Supabase's own word
    found = {name for name in (*names(tree), module.stem) if vague(name) - allowed}
    assert not found, f"{relative(module)}: {found}"


@pytest.mark.parametrize("name", ["ConnectionManager", "url_helper", "utils", "HTTPService"])
def test_vague_words_are_recognised(name):
    assert vague(name)


@pytest.mark.parametrize("name", ["asynccontextmanager", "Utilisation", "serviced", "Pool"])
def test_other_words_are_left_alone(name):
    assert not vague(name)


def test_nothing_is_left_to_be_done():
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    folders = ("sidecar", "tests", "scripts", "docs", "config", "bench")
    suffixes = {".py", ".md", ".yaml", ".sh", ".mjs"}
    found = [
        relative(path)
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in suffixes
        and "node_modules" not in path.parts
        and marks.search(path.read_text())
    ]
    assert not found
