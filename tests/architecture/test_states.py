"""One door for states: outside models/state.py nobody assigns `state`, not even in SQL."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "platform" / "src" / "mood_platform"
DOOR = SOURCE / "models" / "state.py"


def assignments_of_states(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store):
            yield ast.unparse(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "values":
            yield from (ast.unparse(node) for keyword in node.keywords if keyword.arg == "state")


def test_states_change_by_advance_alone() -> None:
    found = {
        path.relative_to(SOURCE).as_posix(): [*assignments_of_states(path.read_text())]
        for path in SOURCE.rglob("*.py")
        if path != DOOR
    }
    assert found
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert list(assignments_of_states(DOOR.read_text())) == ["self.state"]


@pytest.mark.parametrize(
    "code",
    ["row.state = 1", "row.state, row.reason = 1, 2", "row.state: int = 1", "update(Row).values(state=1)"],
)
def test_each_way_to_assign_is_noticed(code: str) -> None:
    assert list(assignments_of_states(code))
