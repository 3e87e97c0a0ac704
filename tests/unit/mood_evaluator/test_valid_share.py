"""How many valid cases make a result: the share is compared exactly."""

from __future__ import annotations

from fractions import Fraction

from mood_evaluator import CaseScore, Dataset, Manifest, ManifestCase, Task, result_of


def has_result(*, valid: int, total: int, share: float) -> bool:
    cases = tuple(
        ManifestCase(
            f"c{index}", f"images/c{index}.nii.gz", None, (1, 1, 1), abnormal=index == 0, tasks=(Task.SAMPLE,)
        )
        for index in range(total)
    )
    test_set = Manifest(
        name="test-brain",
        dataset=Dataset.BRAIN,
        purpose="test",
        recipe="r",
        generator_version="1",
        source_subjects=1,
        cases=cases,
        batchings=(),
        not_hidden=True,
    )
    scores = {case.id: CaseScore(valid=place < valid, score=0.0) for place, case in enumerate(cases)}
    result = result_of(task=Task.SAMPLE, test_set=test_set, case_scores=scores, valid_share=share)
    assert (result.valid, result.total) == (valid, total)
    return result.score is not None


def test_49_of_100_are_no_result_and_50_are() -> None:
    assert not has_result(valid=49, total=100, share=0.5)
    assert has_result(valid=50, total=100, share=0.5)


def test_exactly_the_share_is_enough_and_one_case_less_is_not() -> None:
    for percent in range(1, 101):
        share = Fraction(percent, 100)
        valid, total = share.numerator, share.denominator
        assert has_result(valid=valid, total=total, share=percent / 100), percent
        assert not has_result(valid=valid - 1, total=total, share=percent / 100), percent
