"""What a draft changes is readable: places with arrows, scores before and after, and why."""

from typing import Any

import pytest

from mood_platform.cli.changes_table import show_changes
from mood_platform.documents.changes import Changes
from mood_support.documents import changes_json, moved_json, side_json


def changes(*rows: dict[str, Any], **more: Any) -> Changes:
    return Changes.from_json(changes_json(*rows, **more), place="the changes")


def test_rises_falls_entries_and_leavings_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    show_changes(
        changes(
            moved_json("Riser", side_json(2, 0.5), side_json(1, 0.75)),
            moved_json("Faller", side_json(1, 0.6), side_json(2, 0.6)),
            moved_json("Entrant", None, side_json(3, 0.1)),
            moved_json("Leaver", side_json(3, 0.1), None),
            moved_json("Cheat", side_json(4, 0.1), side_json(None, 0.1, "excluded")),
            evaluator={"before": "0.1.0", "after": "0.2.0"},
            test_sets={"brain": {"cases": {"added": 0, "removed": 1, "images": 0, "labels": 2}}},
        )
    )
    told = capsys.readouterr()
    line = {row.split()[1]: row for row in told.out.splitlines() if row.startswith("│")}
    assert "2 → 1 ▲" in line["Riser"]
    assert "0.5000 → 0.7500" in line["Riser"]
    assert "1 → 2 ▼" in line["Faller"]
    assert "0.6000 →" not in line["Faller"]
    assert "entered 3" in line["Entrant"]
    assert "left (was 3)" in line["Leaver"]
    assert "4 → excluded" in line["Cheat"]
    assert "evaluator: 0.1.0 → 0.2.0" in told.err
    assert "removed: 1, with another label: 2" in told.err


def test_a_draft_that_changes_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_changes(changes())
    assert "Changes since version 1: no entry" in capsys.readouterr().err


def test_cases_that_count_for_no_team_are_told_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    show_changes(changes(dropped={"before": {}, "after": {"brain": 1, "abdom": 2}}))
    assert "cases that count for no team: none → brain 1, abdom 2" in capsys.readouterr().err
