"""Anybody recomputes every rank from the published document alone, and learns no digit beyond those."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import pytest

from mood_evaluator import Task, load_test_set
from mood_platform.db.engine import Sessions
from mood_platform.execution.runtime import CaseJob
from mood_platform.leaderboards.service import publish
from mood_platform.models import Challenge
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration
UNROUNDED = {"mean_rank", "keeps_place", "valid_share", "failed_share", "level"}
"""Exact shares and means of ranks: they tell nothing about labels beyond the ranks."""


@pytest.fixture(scope="module", params=list(Task))
def document(
    request: pytest.FixtureRequest,
    start_afresh: Callable[[], Sessions],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """Ties, a team without a result on one Dataset, and a reference submission; tests only read it."""
    folder = tmp_path_factory.mktemp("board")
    store = LocalStore(folder / "objects")
    contest = Contest(make_platform(start_afresh(), store, folder / "sets", cases=4), folder / "sets")
    brain = sorted(path.read_bytes() for path in (contest.folder / "test-brain" / "images").glob("*.nii.gz"))

    def skips_most_of_brain(job: CaseJob) -> bool:
        return job.case.read_bytes() in brain[:3]

    for name, quality in (("first", 1.0), ("equal", 1.0), ("north", 0.35), ("south", 0.3), ("west", 0.0)):
        contest.enter(contest.join(name), quality=quality, task=request.param)
    contest.enter(contest.join("half"), quality=0.9, task=request.param, skips=skips_most_of_brain)
    contest.enter(contest.join("known", reference=True), quality=0.8, task=request.param)
    contest.run()
    with contest.platform.open() as tx:
        row = publish(
            tx,
            challenge=tx.session.get_one(Challenge, contest.platform.challenge.id),
            task=request.param,
            actor="olga@example.org",
            store=contest.platform.store,
            before_close=True,
        )
    ids = [case.id for path in contest.folder.glob("test-*") for case in load_test_set(path).cases]
    return json.loads(json.dumps(row.document)), ids


def test_every_rank_and_the_consensus_follow_from_the_document(document: tuple[Any, list[str]]) -> None:
    board, _ = document
    ranked = [row for row in board["rows"] if row["standing"] == "ranked"]
    assert len(ranked) == 6
    means = [Fraction(0)] * len(ranked)
    for dataset in board["datasets"]:
        column = [row["datasets"][dataset]["score"] for row in ranked]
        assert [row["datasets"][dataset]["rank"] for row in ranked] == smallest_ranks(column)
        means = [mean + average / 2 for mean, average in zip(means, average_ranks(column), strict=True)]
    assert [row["mean_rank"] for row in ranked] == [float(mean) for mean in means]
    assert [row["rank"] for row in ranked] == smallest_ranks([-mean for mean in means])
    assert [row["rank"] for row in board["rows"] if row["standing"] == "reference"] == [None]


def test_no_number_has_more_digits_than_are_ranked_and_no_batch_or_case_is_told(
    document: tuple[Any, list[str]],
) -> None:
    board, case_ids = document
    numbers = list(floats(board))
    assert len(numbers) > 50
    assert [(path, value) for path, value in numbers if value != round(value, 4)] == []
    told = json.dumps(board)
    assert "batch_aps" not in told
    assert not [case_id for case_id in case_ids if case_id in told]


def test_ends_of_rank_intervals_are_whole_ranks_and_every_pair_of_teams_is_tested(
    document: tuple[Any, list[str]],
) -> None:
    board, _ = document
    for row in board["rows"]:
        intervals = [row["rank_interval"], *(cell["rank_interval"] for cell in row["datasets"].values())]
        assert all(isinstance(end, int) for interval in intervals if interval for end in interval)
    assert {name: len(part["pairs"]) for name, part in board["significance"].items()} == {
        "brain": 10,  # of five teams: one has no result there
        "abdom": 15,
    }


def smallest_ranks(scores: Sequence[Any]) -> list[int]:
    """The best is 1, ties share the smallest, no result is last."""
    keys = [Fraction(-1000) if score is None else Fraction(score) for score in scores]
    return [1 + sum(other > key for other in keys) for key in keys]


def average_ranks(scores: Sequence[Any]) -> list[Fraction]:
    places = smallest_ranks(scores)
    return [Fraction(2 * place + places.count(place) - 1, 2) for place in places]


def floats(part: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(part, dict):
        for name, inner in part.items():
            if name not in UNROUNDED:
                yield from floats(inner, f"{path}/{name}")
    elif isinstance(part, list):
        for inner in part:
            yield from floats(inner, path)
    elif isinstance(part, float):
        yield path, part
