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
        ("P1/tumour", ["scans/P1", "scans/P2"], {"scans/P1"}),
        ("labels/P1/tumour", ["ct/P1_t1", "ct/P2_t1"], {"ct/P1_t1"}),
        ("drawings/left_lesion_anna", ["anna", "ann"], {"anna"}),
        ("JD_2024_bob", ["bob", "bo"], {"bob"}),
        ("张三病灶", ["张三", "李四"], {"张三"}),
        ("标注/李四", ["张三", "李四"], {"李四"}),
    ],
)
def test_it_may_be_of_whom_it_is_called_by_or_whose_folder_it_is_in(
    name: str, scans: list[str], owners: set[str]
) -> None:
    assert find_owners(name, "nobody", {scan: scan for scan in scans}) == owners


def test_of_bids_it_is_of_the_person_it_names() -> None:
    scans = {"sub-1/anat/sub-1_T1w": "1", "sub-2/anat/sub-2_T1w": "2"}
    assert find_owners("derivatives/m/sub-1_x", "1", scans) == {"sub-1/anat/sub-1_T1w"}


def test_what_was_refused_as_a_mask_or_is_called_one_may_be_one() -> None:
    assert may_be_mask("x", Defect.MASK_LIKE)
    assert may_be_mask("p1_mask.nii", Defect.SAME_NAME)
    assert may_be_mask("p1_lesions", Defect.UNREADABLE)
    assert not may_be_mask("p1", Defect.UNREADABLE)
    assert not may_be_mask("p1.seg", Defect.STRAY)


def test_of_two_data_sets_it_is_of_the_one_that_it_lies_in() -> None:
    scans = {f"ds{n}/sub-1/anat/sub-1_T1w": f"ds{n}/1" for n in (1, 2)}
    assert find_owners("ds2/derivatives/m/SUB-1_x", "2", scans) == {"ds2/sub-1/anat/sub-1_T1w"}


def test_it_is_of_its_person_whatever_it_is_called() -> None:
    assert find_owners("drawn/q7", "anna", {"x1": "anna", "x2": "bob"}) == {"x1"}
