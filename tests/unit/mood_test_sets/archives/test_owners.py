"""Whose something may be that looks like a mask."""

import pytest

from mood_test_sets.archives.owners import find_owners, may_be_mask
from mood_test_sets.findings import Defect


@pytest.mark.parametrize(
    ("name", "scans", "owners"),
    [
        ("p1_x", ["p1", "p10", "p2"], {"p1"}),
        ("p10x", ["p1", "p10"], {"p10"}),
        ("p1_a_x", ["p1", "p1_a"], {"p1_a"}),
        ("mask_p1_x", ["p1"], {"p1"}),
        ("drawn/p1-x", ["ct/p1_t1", "ct/p2_t1"], {"ct/p1_t1"}),
        ("a/001x", ["a/001", "b/001"], {"a/001"}),
        ("P1/in/x", ["P1/t1", "P2/t1"], {"P1/t1"}),
        ("P1/in/portal_x", ["P1/portal", "P2/portal"], {"P1/portal"}),
        ("all/x", ["all/p1", "all/p2"], set()),
        ("annotated", ["ann"], set()),
        ("x", ["y"], set()),
    ],
)
def test_it_may_be_of_whom_it_is_called_by_or_whose_folder_it_is_in(
    name: str, scans: list[str], owners: set[str]
) -> None:
    assert find_owners(name, {scan: scan for scan in scans}) == owners


def test_of_bids_it_is_of_the_person_it_names() -> None:
    scans = {"sub-1/anat/sub-1_T1w": "1", "sub-2/anat/sub-2_T1w": "2"}
    assert find_owners("derivatives/m/sub-1_x", scans) == {"sub-1/anat/sub-1_T1w"}


def test_what_was_refused_as_a_mask_or_is_called_one_may_be_one() -> None:
    assert may_be_mask("x", Defect.MASK_LIKE)
    assert may_be_mask("p1_mask.nii", Defect.SAME_NAME)
    assert may_be_mask("p1_lesions", Defect.UNREADABLE)
    assert not may_be_mask("p1", Defect.UNREADABLE)
    assert not may_be_mask("p1.seg", Defect.STRAY)
