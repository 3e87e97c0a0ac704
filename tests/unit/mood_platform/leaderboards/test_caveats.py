"""What must be said of a ranking: two flags, the words of each, and the words of older documents."""

from dataclasses import dataclass

import pytest

from mood_platform.leaderboards.caveats import WORDS, caveats_of, describe_caveats


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
    document = describe_caveats(
        [Manifest(500, not_hidden=False), Manifest(subjects, not_hidden)], rounded=False
    )
    assert [name for name in WORDS if document[name]] == told
    assert caveats_of(document) == document["caveats"] == [WORDS[name] for name in told]


def test_intervals_from_rounded_scores_are_a_caveat() -> None:
    document = describe_caveats([Manifest(500, not_hidden=False)], rounded=True)
    assert caveats_of(document) == [WORDS["rounded_intervals"]]


def test_documents_of_the_first_schema_say_their_own_words() -> None:
    joined = "demonstration, labels reproducible; software demonstration, not a scientific ranking"
    assert caveats_of({"demonstration": joined}) == [
        "Demonstration, labels reproducible.",
        "Software demonstration, not a scientific ranking.",
    ]
    assert caveats_of({"demonstration": None}) == []
