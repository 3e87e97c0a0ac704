"""Publishing waits for intervals that are being made, and not for those that nobody can make."""

from typing import Any

import pytest

from mood_platform.cli.admin_boards import await_intervals
from mood_support.documents import draft_json


class Drafts:
    """A client whose drafts name these entries, one answer after the other."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self.left = list(answers)

    def get(self, place: str) -> dict[str, Any]:
        assert place == "/draft"
        return draft_json(replicates_pending=self.left.pop(0))


def entry(problem: str = "") -> dict[str, Any]:
    return {"team": "north", "submission": 1, "problem": problem}


def test_it_looks_again_until_all_intervals_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    client = Drafts([entry()], [entry()], [])
    await_intervals(client, "/draft", rest=0)
    assert client.left == []
    assert capsys.readouterr().err.count("The intervals of 1 entries are being made") == 1


def test_a_problem_is_not_waited_for() -> None:
    client = Drafts([entry("The store is full.")], [])
    await_intervals(client, "/draft", rest=0)
    assert len(client.left) == 1
