"""Dropping a case waits until both boards can be compared, and shows what moves."""

from typing import Any

import pytest

from mood_platform.cli.admin_drops import await_comparison
from mood_platform.cli.drop_table import show_proposal
from mood_platform.cli.problems import Problem
from mood_platform.documents.draft import DropProposal
from mood_support.documents import draft_json, moved_json, side_json


class Drafts:
    """A client whose drafts have these proposals, one answer after the other."""

    def __init__(self, *answers: dict[str, Any] | None) -> None:
        self.left = list(answers)

    def get(self, place: str) -> dict[str, Any]:
        assert place == "/draft"
        return draft_json(drop=self.left.pop(0))


def proposal(**changes: Any) -> dict[str, Any]:
    facts = {
        "number": 3,
        "proposed_at": "today",
        "cases": {"brain": ["0a1b"]},
        "runs": 2,
        "waiting": 0,
        "problems": [],
    }
    return facts | {"replicates_pending": [], "rows": []} | changes


def read(proposal: dict[str, Any]) -> DropProposal:
    return DropProposal.from_json(proposal, place="the proposal")


def test_it_looks_again_until_scores_and_intervals_are_made() -> None:
    making = [{"team": "north", "submission": 1, "problem": ""}]
    client = Drafts(proposal(waiting=2), proposal(replicates_pending=making), proposal())
    assert await_comparison(client, "/draft", number=3, rest=0) == read(proposal())
    assert client.left == []


@pytest.mark.parametrize(
    "stuck",
    [
        {"waiting": 1, "problems": ["north #1 could not be scored: the store is full."]},
        {"replicates_pending": [{"team": "north", "submission": 1, "problem": "The store is full."}]},
    ],
)
def test_what_cannot_be_made_is_not_waited_for(stuck: dict[str, Any]) -> None:
    client = Drafts(proposal(**stuck), proposal())
    assert await_comparison(client, "/draft", number=3, rest=0) == read(proposal(**stuck))


@pytest.mark.parametrize("other", [None, proposal(number=4)])
def test_another_proposal_is_not_taken_for_this_one(other: dict[str, Any] | None) -> None:
    with pytest.raises(Problem, match="meanwhile"):
        await_comparison(Drafts(other), "/draft", number=3, rest=0)


def test_both_boards_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        moved_json("North", side_json(1, 0.5), side_json(2, 0.4)),
        moved_json("South", None, side_json(1, 0.45)),
    ]
    show_proposal(read(proposal(rows=rows)))
    told = capsys.readouterr()
    assert "Proposal 3: without brain 0a1b" in told.err
    assert "0.5000 → 0.4000" in told.out
    assert "1 → 2 ▼" in told.out
    assert "entered 1" in told.out


def test_a_proposal_that_is_not_scored_yet_says_so_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    stuck = proposal(waiting=1, problems=["north #1 could not be scored: no disk."], rows=None)
    show_proposal(read(stuck))
    told = capsys.readouterr().err
    assert "1 of 2 runs are not scored without them yet" in told
    assert "no disk" in told
