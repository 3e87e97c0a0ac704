"""What changed is told in the same words everywhere."""

from mood_platform.documents.changes import WAYS, CaseCounts, ChangedIds


def test_ways_in_which_cases_differ_are_told_where_there_are_some() -> None:
    found = ChangedIds(removed=("a",), labels=("b", "c"))
    assert list(found.told) == [("removed", ("a",)), ("with another label", ("b", "c"))]
    assert found.counts == CaseCounts(removed=1, labels=2)
    assert list(found.counts.told) == [(1, "removed"), (2, "with another label")]
    assert list(WAYS) == list(CaseCounts().to_json()) == list(ChangedIds().to_json())
