"""Outages: one list, told in one line; whatever else goes wrong is not one."""

from __future__ import annotations

import ast
import logging
from pathlib import Path

import pytest
from sqlalchemy.exc import DataError, InterfaceError, InternalError, OperationalError

from mood_platform.db import outages
from mood_platform.db.outages import OUTAGES, outages_told
from mood_platform.errors import Conflict, Transient, Unreachable

GONE = Exception("server closed the connection\nunexpectedly")
AWAY = [
    OperationalError("SELECT 1", None, GONE),
    InterfaceError("SELECT 1", None, GONE),
    InternalError("SELECT 1", None, GONE),
    OSError("No space left on device"),
    Transient("The broker does not answer."),
    Unreachable("The database does not answer."),
]
SOURCE = Path(outages.__file__).parents[1]
NAMES = {"OperationalError", "InterfaceError", "InternalError", "DBAPIError"}


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_an_outage_puts_a_job_off_with_one_line(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), outages_told("A sweep"):
        raise error
    (line,) = caplog.messages
    assert line.startswith("A sweep is put off: ")
    assert "\n" not in line


@pytest.mark.parametrize("error", [Conflict("no"), ValueError("no"), DataError("SELECT", None, GONE)])
def test_nothing_else_is_an_outage(error: Exception) -> None:
    with pytest.raises(type(error)), outages_told("A sweep"):
        raise error


def test_a_child_that_dies_for_our_reasons_is_counted_and_no_outage() -> None:
    assert not issubclass(Transient, OUTAGES)


def test_no_other_room_lists_what_a_database_says_when_it_is_away() -> None:
    found = {
        path.relative_to(SOURCE).as_posix(): sorted(names)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy.exc"
        if (names := {alias.name for alias in node.names} & NAMES)
    }
    assert set(found) == {"db/outages.py", "db/engine.py"}
