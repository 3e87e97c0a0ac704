"""No rule reads the machine's clock: times that are compared or stored come from the database."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "platform" / "src" / "mood_platform"
SLICES = (
    "accounts",
    "challenges",
    "submissions",
    "leaderboards",
    "runs",
    "models",
    "nodes",
    "scoring",
    "http",
    "views",
    "api",
    "web",
)
WALL = {"now", "utcnow", "today", "time", "time_ns", "gmtime", "localtime", "ctime"}
"""Of `datetime`, `date` and `time`; `monotonic` only measures how long something took."""


def reads_of_the_wall_clock(code: str) -> list[str]:
    names = {"datetime", "date", "time", "dt", "clock", "_clock", "SystemClock()"}
    found = [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WALL
        if set(ast.unparse(node.func.value).split(".")) & names
    ]
    imported = [
        alias.name
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
        if alias.name in WALL
    ]
    return found + imported


@pytest.mark.parametrize("slice_", SLICES)
def test_what_decides_or_shows_never_asks_the_machine_for_the_time(slice_: str) -> None:
    read = {path.name: reads_of_the_wall_clock(path.read_text()) for path in (SOURCE / slice_).rglob("*.py")}
    assert read
    assert {name: calls for name, calls in read.items() if calls} == {}


@pytest.mark.parametrize(
    "code",
    [
        "time.time()",
        "datetime.now(UTC)",
        "datetime.datetime.today()",
        "from time import time",
        "self._clock.now()",
    ],
)
def test_each_way_to_ask_is_noticed(code: str) -> None:
    assert reads_of_the_wall_clock(code)


def test_a_measured_duration_is_not_a_time_of_day() -> None:
    assert reads_of_the_wall_clock("time.monotonic(); tx.now; self._clock.monotonic()") == []
