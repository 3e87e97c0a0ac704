"""Cells of exported tables: JSON stays JSON, and no spreadsheet runs a team's name."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mood_platform.leaderboards.export import _write_csv


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)"])
def test_a_formula_is_written_as_text(tmp_path: Path, name: str) -> None:
    path = _write_csv(tmp_path / "t.csv", [{"name": name, "number": -1}])
    with path.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row == {"name": f"'{name}", "number": "-1"}


def test_nested_values_are_json_and_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    path = _write_csv(tmp_path / "t.csv", [{"facts": {"b": 1, "a": [2]}, "none": None}])
    assert path.read_text().splitlines() == ["facts,none", '"{""a"": [2], ""b"": 1}",']
    assert _write_csv(tmp_path / "e.csv", []).read_text().strip() == ""
