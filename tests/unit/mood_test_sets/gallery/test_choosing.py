"""Which cases are shown: some of every kind, normal ones first."""

from dataclasses import replace

from mood_evaluator.test_set import ManifestCase, Task
from mood_test_sets.gallery.choosing import choose, in_order

NORMAL = ManifestCase(
    id="0", image="images/0.nii.gz", label=None, shape=(1, 1, 1), abnormal=False, tasks=(Task.SAMPLE,),
    sha256_image="",
)  # fmt: skip
CASES = [
    replace(NORMAL, id=f"{number}{kind}", category=kind or None)
    for number in range(5)
    for kind in ("sphere", "", "image", "pathology")
]


def test_a_few_cases_are_chosen_from_all_kinds() -> None:
    chosen = choose(CASES, 5)
    assert [case.category for case in chosen] == ["sphere", None, "image", "pathology", "sphere"]


def test_all_are_shown_where_no_number_is_given_or_there_are_fewer() -> None:
    assert choose(CASES, None) == choose(CASES, 99) == CASES


def test_normal_cases_come_first_then_kind_by_kind() -> None:
    kinds = [case.category for case in in_order(tuple(CASES))]
    assert kinds == [None] * 5 + ["image"] * 5 + ["pathology"] * 5 + ["sphere"] * 5
