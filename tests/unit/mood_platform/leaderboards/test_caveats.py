"""What must be said of a ranking: three flags, and the words of each."""

from dataclasses import dataclass

import pytest

from mood_evaluator import Dataset
from mood_platform.leaderboards.caveats import WORDS, describe_caveats


@dataclass(frozen=True)
class Manifest:
    source_subjects: int
    not_hidden: bool


@pytest.mark.parametrize(
    ("subjects", "not_hidden", "told"),
    [
        (12, False, ["few_subjects"]),
        (500, True, ["labels_reproducible"]),
        (12, True, ["labels_reproducible", "few_subjects"]),
        (500, False, []),
    ],
)
def test_a_hidden_set_of_few_people_is_not_called_reproducible(
    subjects: int, not_hidden: bool, told: list[str]
) -> None:
    found = describe_caveats([Manifest(500, not_hidden=False), Manifest(subjects, not_hidden)], rounded=False)
    assert [name for name in WORDS if getattr(found, name)] == told
    assert found.sentences == tuple(WORDS[name] for name in told)


def test_intervals_from_rounded_scores_are_a_caveat() -> None:
    found = describe_caveats([Manifest(500, not_hidden=False)], rounded=True)
    assert found.sentences == (WORDS["rounded_intervals"],)


def test_dropped_cases_are_counted_by_reason_and_never_named() -> None:
    dropped = {
        Dataset.BRAIN: {"0a": "A disk failed.", "0b": "A disk failed.", "0c": "A node burned."},
        Dataset.ABDOM: {"0d": "A disk failed."},
    }
    found = describe_caveats([Manifest(500, not_hidden=False)], rounded=False, dropped=dropped)
    assert list(found.sentences) == [
        "2 brain cases count for no team: the platform failed to run them. A disk failed.",
        "1 brain case counts for no team: the platform failed to run it. A node burned.",
        "1 abdom case counts for no team: the platform failed to run it. A disk failed.",
    ]
