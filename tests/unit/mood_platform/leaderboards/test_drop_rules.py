"""How many cases may count for nobody, and which must not."""

import pytest

from mood_evaluator import Batching, Dataset, Manifest, ManifestCase, Task
from mood_platform.errors import Conflict
from mood_platform.leaderboards.drop_rules import check_drop, most_dropped

BOTH = (Task.SAMPLE, Task.PIXEL)


def a_case(number: int, *, abnormal: bool) -> ManifestCase:
    label = f"labels/{number}.nii.gz" if abnormal else None
    return ManifestCase(
        str(number), f"images/{number}.nii.gz", label, (2, 2, 2), abnormal=abnormal, tasks=BOTH
    )


def a_test_set(*, abnormal: set[int], cases: int = 100) -> Manifest:
    """The official batching has the first and the second half, the validating one even and odd numbers."""
    ids = [str(number) for number in range(cases)]
    halves, turns = (ids[: cases // 2], ids[cases // 2 :]), (ids[::2], ids[1::2])
    return Manifest(
        name="test-brain",
        dataset=Dataset.BRAIN,
        purpose="test",
        recipe="tiny",
        generator_version="1",
        source_subjects=1,
        cases=tuple(a_case(number, abnormal=number in abnormal) for number in range(cases)),
        batchings=tuple(
            Batching(seed=seed, draw=0, size=cases, batches=tuple(tuple(one) for one in batches))
            for seed, batches in (("first", halves), ("second", turns))
        ),
    )


@pytest.mark.parametrize(
    ("cases", "most"), [(1, 0), (49, 0), (50, 1), (99, 1), (100, 2), (542, 10), (600, 12)]
)
def test_two_percent_are_rounded_down_so_that_a_small_set_spares_none(cases: int, most: int) -> None:
    assert most_dropped(cases) == most


def test_as_many_as_are_allowed_pass_and_one_more_is_refused_with_the_number() -> None:
    test_set = a_test_set(abnormal=set(range(0, 100, 5)))
    check_drop(test_set, Task.PIXEL, {"98", "99"})
    with pytest.raises(Conflict, match=r"At most 2 % .* of the 100 pixel cases .* that is 2, and not 3"):
        check_drop(test_set, Task.PIXEL, {"97", "98", "99"})
    with pytest.raises(Conflict, match="of the 40 sample cases of test-brain that is none, and not 1"):
        check_drop(a_test_set(abnormal={0, 1, 20, 21}, cases=40), Task.SAMPLE, {"39"})


@pytest.mark.parametrize(
    ("abnormal", "dropped", "seed"), [({0, 1, 2, 3, 60}, "60", "first"), ({0, 1, 52, 54, 56}, "1", "second")]
)
def test_a_batch_of_either_batching_that_would_have_no_abnormal_voxel_is_refused_in_words(
    abnormal: set[int], dropped: str, seed: str
) -> None:
    test_set = a_test_set(abnormal=abnormal)
    with pytest.raises(Conflict, match=f"Batch 2 of the batching with seed '{seed}' .* no abnormal voxel"):
        check_drop(test_set, Task.PIXEL, {dropped})
    check_drop(test_set, Task.SAMPLE, {dropped})


def test_the_last_abnormal_case_of_the_sample_task_stays() -> None:
    only = a_test_set(abnormal={7})
    with pytest.raises(Conflict, match="no abnormal case of the sample task"):
        check_drop(only, Task.SAMPLE, {"7"})
