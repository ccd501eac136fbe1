"""The tests themselves: none is empty, none looks away, none asserts nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FILES = sorted(TESTS.rglob("test_*.py"))
_LOOKS_AWAY = {"skip", "skipif", "xfail", "importorskip"}
# Calling these is an assertion: they raise where something is wrong, and return nothing otherwise.
_RAISE_THEMSELVES = {"call_command", "check_schema", "full_clean", "validate", "verify_weights"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def calls(function: Function) -> set[str]:
    """The names of what a function calls, without the objects that they are called on."""
    called = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = node.func
            called.add(name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", ""))
    return called


def says_something(function: Function) -> bool:
    """Whether an `assert` that can fail, or a call that raises, stands in the function itself."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
    return bool(calls(function) & {"raises", *_RAISE_THEMSELVES})


def asserting_helpers() -> set[str]:
    """The names of the functions of the tests that assert, directly or through another one of them."""
    helpers = [function for path in TESTS.rglob("*.py") for function in functions(path)]
    names = {helper.name for helper in helpers if says_something(helper)}
    while True:
        more = {helper.name for helper in helpers if helper.name not in names and calls(helper) & names}
        if not more:
            return names
        names |= more


def test_no_test_file_is_empty() -> None:
    empty = [
        str(path.relative_to(TESTS))
        for path in FILES
        if not any(function.name.startswith("test_") for function in functions(path))
    ]
    assert empty == []
    assert len(FILES) > 50


def test_every_test_asserts_something() -> None:
    helpers = asserting_helpers()
    silent = [
        f"{path.relative_to(TESTS)}::{function.name}"
        for path in FILES
        for function in functions(path)
        if function.name.startswith("test_")
        and not says_something(function)
        # A fixture may do the asserting for the test that asks for it.
        and not (calls(function) | {argument.arg for argument in function.args.args}) & helpers
    ]
    assert silent == []


def test_no_test_looks_away() -> None:
    """A skipped test counts as failed; nothing may be skipped, or expected to fail, in the first place."""
    looking_away = [
        f"{path.relative_to(TESTS)}:{node.lineno}"
        for path in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in _LOOKS_AWAY
        and isinstance(node.value, ast.Name | ast.Attribute)
        and (getattr(node.value, "id", "") == "pytest" or getattr(node.value, "attr", "") == "mark")
    ]
    assert looking_away == []


def test_no_two_tests_of_a_file_share_a_name() -> None:
    """Python keeps the last one alone, and the others never run."""
    twice = []
    for path in FILES:
        scopes = [node for node in ast.walk(ast.parse(path.read_text())) if hasattr(node, "body")]
        for scope in scopes:
            body = scope.body if isinstance(scope.body, list) else []
            names = [node.name for node in body if isinstance(node, Function)]
            twice += [f"{path.relative_to(TESTS)}::{name}" for name in set(names) if names.count(name) > 1]
    assert twice == []


def test_every_folder_of_tests_is_a_package() -> None:
    """Two modules of one name in folders that are none would hide each other."""
    folders = {path.parent for path in TESTS.rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def test_x(): assert f() == 1", True),
        ("def test_x():\n with pytest.raises(ValueError): f()", True),
        ("def test_x(): f()", False),
        ("def test_x(): assert True", False),
        ("def test_x(): pass", False),
    ],
)
def test_what_counts_as_an_assertion(source: str, expected: bool) -> None:
    (function,) = [node for node in ast.walk(ast.parse(source)) if isinstance(node, Function)]
    assert says_something(function) is expected
