"""Nobody is healthy by silence."""

from pathlib import Path

import pytest

from mood_test_sets.archives.source import Mask, Source
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect, Note
from mood_test_sets.preparing.health import check_health, find_unknown
from mood_test_sets.preparing.readers import Reading

NOTE = Note(Defect.ILL, "What.", "Do.")
LESIONS = Mask(Path("m.nii.gz"), lesions=frozenset({1}), settled=True)
ORGANS = Mask(Path("m.nii.gz"), lesions=frozenset(), settled=True)


def source(name: str, **fields: object) -> Source:
    return Source(name, (Path(name),), dicom=False, subject=name, **fields)  # type: ignore[arg-type]


def test_a_mask_of_lesions_a_control_and_a_reader_say_something_and_a_mask_of_organs_does_not() -> None:
    sources = [
        source("bare"), source("organs", masks=(ORGANS,)), source("marked", masks=(LESIONS,)),
        source("control", control=True), source("doubted", doubt=NOTE),
        source("refused", refusal=NOTE), source("read"),
    ]  # fmt: skip
    tables = [{"read": Reading(finding=False)}]
    assert find_unknown(sources, tables) == ["bare", "organs"]
    with pytest.raises(ImportRefused, match=r"2 of 6 scans \(such as bare\).*--all-healthy"):
        check_health(sources, tables, all_healthy=False)
    check_health(sources, tables, all_healthy=True)


def test_a_finding_of_no_scan_is_refused_whatever_else_is_said() -> None:
    with pytest.raises(ImportRefused, match="of no scan"):
        check_health([source("a")], [{"b": Reading(finding=True)}], all_healthy=True)
    check_health([source("a")], [{"b": Reading(finding=False)}], all_healthy=True)
