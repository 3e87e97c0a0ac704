"""Size caps: modules and functions stay small, so that nobody inherits a giant."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *sorted(path for path in ROOT.glob("*/src/**/*.py") if path.parent.name != "versions"),
    *sorted(path for path in ROOT.glob("infra/**/*.py")),
]
"""All but the migrations, which alembic writes and nobody edits."""
TESTS = sorted(ROOT.glob("tests/**/*.py"))
MODULE_LINES, FUNCTION_LINES, TEST_MODULE_LINES = 400, 50, 600


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_module_has_at_most_400_lines_and_its_functions_50(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MODULE_LINES
    long = [f.name for f in _functions(path) if (f.end_lineno or 0) - f.lineno + 1 > FUNCTION_LINES]
    assert not long, f"split {long} in {_name(path)}"


@pytest.mark.parametrize("path", TESTS, ids=_name)
def test_a_test_module_has_at_most_600_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= TEST_MODULE_LINES


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_modules_first_line_says_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, f"{_name(path)} starts with no docstring"
    assert len(docstring.splitlines()[0]) > 10
