"""What a draft changes is readable: places with arrows, scores before and after, and why."""

from typing import Any

import pytest

from mood_platform.cli.changes_table import show_changes


def side(rank: int | None, score: float, standing: str = "ranked") -> dict[str, Any]:
    cell = {"score": score, "interval": [0.1, 0.9], "rank": rank}
    return {"rank": rank, "standing": standing, "datasets": {"brain": cell}}


def changes(**rows: tuple[dict[str, Any] | None, dict[str, Any] | None]) -> dict[str, Any]:
    return {
        "since": 1,
        "rows": [{"name": name, "before": before, "after": after} for name, (before, after) in rows.items()],
        "evaluator": {"before": "0.1.0", "after": "0.2.0"},
        "limits": None,
        "scoring": None,
        "test_sets": {"brain": {"cases": {"added": 0, "removed": 1, "images": 0, "labels": 2}}},
    }


def test_rises_falls_entries_and_leavings_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    show_changes(
        changes(
            Riser=(side(2, 0.5), side(1, 0.75)),
            Faller=(side(1, 0.6), side(2, 0.6)),
            Entrant=(None, side(3, 0.1)),
            Leaver=(side(3, 0.1), None),
            Cheat=(side(4, 0.1), side(None, 0.1, "excluded")),
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
    show_changes(changes() | {"test_sets": {}, "evaluator": None})
    assert "Changes since version 1: no entry" in capsys.readouterr().err


def test_cases_that_count_for_no_team_are_told_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    show_changes(changes() | {"dropped": {"before": {}, "after": {"brain": 1, "abdom": 2}}})
    assert "cases that count for no team: none → brain 1, abdom 2" in capsys.readouterr().err
