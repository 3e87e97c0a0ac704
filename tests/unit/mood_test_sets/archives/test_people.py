"""Folders of one person each."""

import pytest

from mood_test_sets.archives.naming import own_subject
from mood_test_sets.archives.people import find_person_folders


@pytest.mark.parametrize(
    ("names", "people"),
    [
        (["P1/baseline/t1", "P1/followup/t1", "P2/baseline/t1"], {"P1", "P2"}),
        (["a/P1/arterial", "a/P1/portal", "a/P2/arterial", "a/P9/late"], {"a/P1", "a/P2", "a/P9"}),
        (["P1/visit1/t1", "P1/visit2/t1", "P2/visit1/t1"], {"P1", "P2"}),
        (["P1/P1_arterial", "P1/P1_portal", "P2/P2_arterial"], {"P1", "P2"}),
        (["site1/ann", "site1/bob", "site2/ann"], set()),
        (["centre_1/001", "centre_1/002", "centre_2/001"], set()),
        (["lab1/001", "lab1/002", "lab2/001"], set()),
        (["t1/ann", "t1/bob", "t2/ann", "t2/bob"], set()),
        (["ward7/ann", "ward7/bob"], set()),
        (["imagesTr1/a", "imagesTr2/a"], set()),
    ],
)
def test_numbered_folders_that_hold_the_same_are_people(names: list[str], people: set[str]) -> None:
    assert find_person_folders(names) == people
    assert {own_subject(name, channels=False, people=people) for name in names} >= people
