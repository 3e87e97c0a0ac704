"""One bootstrap: board and report tell the same of the same runs, whole ranks, independent Datasets."""

from collections.abc import Mapping

import numpy as np
import pytest

from mood_evaluator import (
    BoardEntry,
    BoardRow,
    CaseScore,
    Dataset,
    SetScore,
    Task,
    rank_entries,
    sample_replicates,
)
from mood_evaluator.bootstrap import Replicates
from mood_evaluator.consensus_ranks import consensus
from mood_evaluator.leaderboard import compare_entries
from mood_evaluator.rank_draws import consensus_draws, rank_draws, rank_interval
from mood_evaluator.ranking import as_published, rank
from mood_evaluator.runs import RunStability, ScoredRun, bootstrap_runs, gather_runs
from mood_evaluator.scoring import score_sample_dataset

IDS = [f"{number:032x}" for number in range(60)]
ABNORMAL = {case_id: number % 2 == 0 for number, case_id in enumerate(IDS)}
TEAMS = [f"t{number}" for number in range(6)]
DRAWS, SEED = 400, 2020


def contest() -> dict[Dataset, dict[str, dict[str, float]]]:
    random = np.random.default_rng(1)
    return {
        dataset: {
            team: {
                case_id: float(
                    np.clip(0.5 + (0.06 + 0.01 * k) * (1 if abnormal else -1) + random.normal(0, 0.18), 0, 1)
                )
                for case_id, abnormal in ABNORMAL.items()
            }
            for k, team in enumerate(TEAMS)
        }
        for dataset in Dataset
    }


def board(
    scores: Mapping[Dataset, Mapping[str, Mapping[str, float]]],
) -> tuple[list[BoardRow], list[BoardEntry]]:
    entries = [
        BoardEntry(
            key=team,
            eligible=True,
            scores={d: score_sample_dataset(scores[d][team], ABNORMAL) for d in scores},
            replicates={
                d: sample_replicates(scores[d][team], ABNORMAL, n=DRAWS, seed=SEED, stream=f"test-{d}")
                for d in scores
            },
        )
        for team in TEAMS
    ]
    return rank_entries(entries), entries


def report(scores: Mapping[Dataset, Mapping[str, Mapping[str, float]]]) -> RunStability:
    runs = [
        ScoredRun(
            team=team, task=Task.SAMPLE, test_set=f"test-{dataset}", test_set_digest="x", precision="float32",
            result=SetScore(
                score=score_sample_dataset(of_team, ABNORMAL), valid=60, total=60, valid_share=0.5
            ),
            abnormal=ABNORMAL,
            cases={case_id: CaseScore(valid=True, score=score) for case_id, score in of_team.items()},
        )
        for dataset, of_teams in scores.items()
        for team, of_team in of_teams.items()
    ]  # fmt: skip
    return bootstrap_runs(gather_runs(runs), n=DRAWS, seed=SEED)


def test_board_and_report_tell_the_same_of_the_same_runs() -> None:
    scores = contest()
    (rows, entries), drawn = board(scores), report(scores)
    assert drawn.consensus is not None
    told = {row["algorithm"]: row for row in drawn.consensus.to_json()["algorithms"]}
    for row in rows:
        own = told[row.key]
        assert (row.rank, list(row.rank_interval or ())) == (own["rank"], own["interval"])
        assert row.keeps_place == pytest.approx(own["shares"][own["rank"] - 1])
        for dataset, cell in row.cells.items():
            part = drawn.sets[f"test-{dataset}"].to_json()
            [same] = [one for one in part["algorithms"] if one["algorithm"] == row.key]
            assert (cell.rank, list(cell.rank_interval or ())) == (same["rank"], same["interval"])
            assert cell.interval == pytest.approx(same["score_interval"], abs=5.1e-5)
    for dataset, pairs in compare_entries(entries).items():
        assert tuple(pairs) == drawn.sets[f"test-{dataset}"].pairs


def test_the_draws_of_two_datasets_are_independent_and_those_of_two_teams_are_not() -> None:
    scores = contest()[Dataset.BRAIN]["t0"]
    brain, same, abdom = (
        sample_replicates(scores, ABNORMAL, n=2000, seed=SEED, stream=stream).draws
        for stream in ("test-brain", "test-brain", "test-abdom")
    )
    assert np.array_equal(brain, same)
    assert abs(np.corrcoef(brain, abdom)[0, 1]) < 4 / 2000**0.5


def test_ranks_of_draws_are_those_of_the_slow_rules() -> None:
    random = np.random.default_rng(2)
    sets = [random.choice([0.1, 0.10004, 0.2, 0.3, np.nan], (50, 5)) for _ in range(2)]
    ranks = [rank_draws(part) for part in sets]
    places = consensus_draws(ranks)
    for draw in range(50):
        columns = [
            {
                str(team): as_published(None if np.isnan(value) else value)
                for team, value in enumerate(one[draw])
            }
            for one in sets
        ]
        for part, column in zip(ranks, columns, strict=True):
            assert part[draw].tolist() == list(rank(column).values())
        assert places[draw].tolist() == list(consensus(columns).values())


def test_ends_of_rank_intervals_are_ranks_that_occurred() -> None:
    """Interpolated, 1 of 40 draws at rank 6 would end the interval at 5.025."""
    assert rank_interval(np.array([1] * 38 + [5, 6])) == (1, 5)
    assert rank_interval(np.array([2] * 1000)) == (2, 2)


def test_an_interval_that_does_not_hold_its_score_says_so() -> None:
    entry = BoardEntry(
        key="a",
        eligible=True,
        scores={Dataset.BRAIN: 0.9, Dataset.ABDOM: None},
        replicates={
            Dataset.BRAIN: Replicates(np.linspace(0.2, 0.3, 100), np.zeros(4)),
            Dataset.ABDOM: None,
        },
    )
    cells = rank_entries([entry])[0].cells
    assert (cells[Dataset.BRAIN].holds_score, cells[Dataset.ABDOM].holds_score) == (False, None)
    assert all(cell.holds_score for row in board(contest())[0] for cell in row.cells.values())


def test_while_replicates_are_made_there_are_ranks_and_no_interval() -> None:
    (_, entries) = board(contest())
    waiting = BoardEntry(
        key="new", eligible=True, scores=dict.fromkeys(Dataset, 0.7), replicates=dict.fromkeys(Dataset)
    )
    rows = rank_entries([*entries, waiting])
    assert min(row.rank or 0 for row in rows) == 1
    assert {row.rank_interval for row in rows} == {row.keeps_place for row in rows} == {None}
    assert compare_entries([*entries, waiting]) == {dataset: [] for dataset in Dataset}


def test_scores_that_are_equal_as_published_are_tied() -> None:
    pair = [
        BoardEntry(
            key=key,
            eligible=True,
            scores={Dataset.BRAIN: score},
            replicates={Dataset.BRAIN: Replicates(np.ones(3), np.zeros(4))},
        )
        for key, score in (("a", 0.50004), ("b", 0.49996), ("c", 0.49994))
    ]
    rows = rank_entries(pair)
    assert [(row.key, row.rank, row.cells[Dataset.BRAIN].score) for row in rows] == [
        ("a", 1, 0.5), ("b", 1, 0.5), ("c", 3, 0.4999),
    ]  # fmt: skip


def test_a_team_without_any_result_is_in_no_report_ranking_and_changes_none() -> None:
    """Listed last on both sets it would share the last place of a team without a result on one."""
    scores = contest()
    runs = []
    for dataset in Dataset:
        for team in ("t0", "t1", "half", "none"):
            missing = team == "none" or (team == "half" and dataset is Dataset.BRAIN)
            result = SetScore(
                score=None if missing else score_sample_dataset(scores[dataset]["t0"], ABNORMAL),
                valid=60, total=60, valid_share=0.5,
            )  # fmt: skip
            cases = {case_id: CaseScore(valid=True, score=0.5) for case_id in IDS}
            runs.append(ScoredRun(team, Task.SAMPLE, str(dataset), "x", "float32", result, ABNORMAL, cases))
    standings = gather_runs(runs)
    assert standings.teams == ("half", "t0", "t1")
    assert standings.consensus()[1]["half"] == 2.5
    assert {run.team for run in standings.others} == {"none"}
