"""The numbers of the page, from scored runs and tables of the export."""

from __future__ import annotations

import pytest
from scipy.stats import kendalltau

from mood_evaluator import Manifest, Task
from mood_studies.study.numbers.boards import (
    board,
    compare,
    draw_all,
    proxies,
    run_times,
    standings_of,
    toy_scores,
)
from mood_studies.study.numbers.kinds import kinds, levels_of, sweeps
from mood_studies.study.numbers.scored import Scored
from mood_support.documents import board_json, cell_json, row_json

Sets = dict[str, Manifest]


def test_tau_of_proxy_and_test_set_is_scipys(scored: list[Scored]) -> None:
    standings = standings_of(scored, "sample", ("challenge", "analysis"))
    assert standings is not None
    found = compare(standings, "test-brain", "toyish-brain")
    mine, theirs = zip(*found["points"].values(), strict=True)
    assert found["tau"] == pytest.approx(kendalltau(mine, theirs).statistic)


def test_the_interval_of_tau_comes_from_redrawn_scans_of_both_sets(scored: list[Scored]) -> None:
    rows = proxies(draw_all(scored, draws=50))
    assert [(row["task"], row["dataset"]) for row in rows] == [("sample", "brain"), ("pixel", "brain")]
    assert all(-1 <= row["low"] <= row["high"] <= 1 for row in rows)


def test_a_board_tells_chance_and_pairs_beside_what_was_published(scored: list[Scored], sets: Sets) -> None:
    cell = cell_json(0.5, interval=[0.4, 0.6], rank=1, rank_interval=[1, 2])
    row = row_json("cevae", 1, 0.5, datasets={"brain": cell})
    tested = {"test_set": "test-brain", "digest": "", "batchings": [], "cases": 8, "not_hidden": True}
    document = board_json(row, datasets={"brain": tested}, order_changes={"brain": [["a", "b"]]})
    found = board("sample", document, draw_all(scored, draws=50)["sample"], sets)
    assert found["datasets"]["brain"]["abnormal"] == 4
    assert found["datasets"]["brain"]["chance"]["constant"] == 0.5
    assert found["datasets"]["brain"]["pairs"]["all"] == 3
    assert found["rows"][0]["datasets"]["brain"] == {
        "score": 0.5, "interval": (0.4, 0.6), "rank": 1, "rank_interval": (1, 2), "failed_share": 0.0
    }  # fmt: skip


def test_run_times_stand_beside_their_limit_and_failures_are_counted() -> None:
    own = {"task": "pixel", "stage": "challenge", "state": "accepted"}
    submissions = [{"id": "s", "name": "pca", "submitted_at": "2", **own}]
    submissions += [{"id": "old", "name": "pca", "submitted_at": "1", **own}]
    scored = {"stage": "challenge", "state": "scored", "number": 1}
    limits = {"limits": {"seconds": 120}}
    runs = [
        {"id": run, "submission_id": of, "counts": of == "s", **scored, **limits}
        for run, of in (("r", "s"), ("q", "old"))
    ]
    seconds = (1.0, 2.0, 3.0, None)
    states = ("succeeded", "succeeded", "crashed", "cancelled")
    cases = [{"run_id": "r", "state": s, "seconds": t} for s, t in zip(states, seconds, strict=True)]
    cases += [{"run_id": "q", "state": "succeeded", "seconds": 99.0}]  # of a submission that no longer counts
    [row] = run_times(submissions, runs, cases)
    assert (row["cases"], row["not_succeeded"], row["median"], row["longest"]) == (3, 2, 2.0, 3.0)
    assert row["limit"] == 120
    assert not row["torch"]


def test_toy_scores_come_from_the_toy_stage(scored: list[Scored]) -> None:
    rows = toy_scores(scored)
    assert len(rows) == 6
    assert {row["test_set"] for row in rows} == {"toy-brain"}


def test_a_sweep_has_a_level_for_each_annotated_value(scored: list[Scored], sets: Sets) -> None:
    assert [group.place for group in levels_of(sets["size-sweep-brain"], "radius")] == list(range(1, 8))
    size, contrast = sweeps(scored, sets)
    assert (size["varied"], contrast["varied"]) == ("radius", "intensity")
    assert all(len(aps) == len(size["levels"]) for aps in size["teams"].values())


def test_baselines_enter_no_median(scored: list[Scored], sets: Sets) -> None:
    found = kinds(scored, sets, left_out=["Constant"])["pixel"]["brain"]
    assert found["teams"] == ["ceVAE", "PCA residual (Saase)"]
    standings = standings_of(scored, "pixel", ("challenge",))
    assert standings is not None
    for row in found["subcategory"]:
        assert row["ap"] > row["chance"]


def test_kinds_of_the_sample_task_hold_global_ones_too(scored: list[Scored], sets: Sets) -> None:
    found = kinds(scored, sets, left_out=[])["sample"]["brain"]
    assert {row["category"] for row in found["categories"]} == {"image", "destruction"}
    assert [row["group"] for row in found["difficulty"]] == ["2", "4", "6", "8"]
    assert found["false_alarms"][-1]["fpr_at_95_tpr"] is None  # fewer than 20 scans


def test_nothing_scored_gives_no_numbers(sets: Sets) -> None:
    assert standings_of([], Task.PIXEL, ("challenge",)) is None
    assert sweeps([], sets) == []
    assert kinds([], sets, left_out=[]) == {}
    assert proxies(draw_all([])) == []
