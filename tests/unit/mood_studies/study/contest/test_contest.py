"""What has to be handed in again, which Run counts, and what is told while Runs are awaited."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mood_platform.cli.problems import Exit, Problem
from mood_studies.study.contest.contest import counted_run, newest, stands, watched
from mood_studies.study.contest.waiting import (
    Watched,
    by_team,
    in_words,
    look_patiently,
    problems_of,
    summary,
)

Views = list[dict[str, Any]]


def test_the_latest_submission_counts_and_a_failed_one_has_to_be_handed_in_again(views: Views) -> None:
    latest = newest(views, "pca", "pixel", "challenge")
    assert latest is views[1]
    assert not stands(latest)


def test_a_submission_that_was_scored_or_still_runs_stands(views: Views) -> None:
    assert stands(views[0])
    views[1]["runs"][0]["state"] = "running"
    assert stands(views[1])


def test_nothing_handed_in_stands_for_nothing(views: Views) -> None:
    assert not stands(newest(views, "pca", "sample", "challenge"))


def test_withdrawn_submissions_are_not_looked_at(views: Views) -> None:
    views[1]["state"] = "withdrawn"
    assert newest(views, "pca", "pixel", "challenge") is views[0]


def test_neither_void_nor_analysis_runs_count(views: Views) -> None:
    [run] = views[0]["runs"]
    views[0]["runs"] = [run | {"voided_at": "then"}, run | {"stage": "analysis"}]
    assert counted_run(views[0]) is None


def test_a_run_is_watched_by_its_ended_cases(views: Views) -> None:
    run = views[0]["runs"][0] | {"state": "running", "counts": {"queued": 2, "collected": 1, "succeeded": 1}}
    assert watched("pca", "pixel", run) == Watched("pca", 1, 4, over=False)


def test_a_failed_run_is_over_and_says_why(views: Views) -> None:
    found = watched("pca", "pixel", views[1]["runs"][0])
    assert found.over
    assert found.problem == "pixel: failed, toy_failed"


def test_problems_of_one_method_are_told_together() -> None:
    runs = [Watched("pca", 1, 1, over=True, problem=text) for text in ("one", "two")]
    assert problems_of([*runs, Watched("ae", 1, 1, over=True)]) == {"pca": "one; two"}


def test_time_left_follows_from_the_cases_since_the_wait_began() -> None:
    runs = [Watched("pca", 30, 40, over=False), Watched("ae", 10, 60, over=False)]
    assert summary(runs, fresh=20, seconds=60) == "40 of 100 cases, about 3 min left"
    assert summary(runs, fresh=0, seconds=60) == "40 of 100 cases so far"
    assert by_team(runs) == "pca 75 %  ae 16 %"


@pytest.mark.parametrize(
    ("seconds", "words"), [(80, "about 80 s"), (1800, "about 30 min"), (9000, "about 2.5 h")]
)
def test_times_are_told_in_fitting_units(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_a_platform_that_restarts_is_asked_again() -> None:
    ill: list[Exception] = [httpx.ConnectError("refused"), Problem("starting", code=Exit.PLATFORM)]

    def look() -> list[Watched]:
        if ill:
            raise ill.pop()
        return [Watched("pca", 1, 1, over=True)]

    assert look_patiently(look, every=0) == [Watched("pca", 1, 1, over=True)]
