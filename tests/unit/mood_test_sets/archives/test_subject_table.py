"""Lines of --subjects fit what is there, or are refused."""

from pathlib import Path

import pytest

from mood_test_sets.archives.subject_table import read_subjects, subjects_of
from mood_test_sets.errors import ImportRefused


def write(tmp_path: Path, text: str) -> Path:
    table = tmp_path / "s.csv"
    table.write_text(text, encoding="utf-8")
    return table


def test_a_line_without_a_subject_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="no subject of p2"):
        read_subjects(write(tmp_path, "scan,subject\np1,a\np2\n"))


def test_one_scan_has_one_subject(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="two subjects of x1: 'anna' and 'bob'"):
        read_subjects(write(tmp_path, "scan,subject\nx1.nii.gz,anna\nx1,bob\n"))
    assert read_subjects(write(tmp_path, "scan,subject\nx1,anna\nx1,Anna\n")) == {"x1": "anna"}


def test_a_line_of_no_scan_is_refused() -> None:
    with pytest.raises(ImportRefused, match=r"1 lines are of no scan and no folder \(such as p1_x\)"):
        subjects_of({"P1_x": "a", "P2": "b"}, ["P1", "P2"])


def test_a_scan_is_meant_with_backslashes_in_any_case_and_by_its_folder(tmp_path: Path) -> None:
    lines = read_subjects(write(tmp_path, "scan,subject\nscans\\X1.nii,a\nP0,b\nP0/ct/1.2,c\n"))
    names = ["scans/x1", "scans/x2", "P0/ct/1.2", "P0/t1"]
    assert subjects_of(lines, names) == {"scans/x1": "a", "P0/ct/1.2": "c", "P0/t1": "b"}


def test_columns_parted_by_semicolons_are_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"semicolons\. Save it with commas"):
        read_subjects(write(tmp_path, "scan;subject\nx1;a\n"))
