"""What a participant may see: coarse steps while it runs, reasons and bands afterwards, never a count."""

from __future__ import annotations

import json
from dataclasses import fields
from itertools import groupby

import pytest

from mood_platform.failures import FailureReason
from mood_platform.models import CaseRunState, Run, RunState, Stage
from mood_platform.runs.progress import Failure, Phase, Progress, Tally, summarize

S = CaseRunState
LIMIT = 100.0


def a_run(state: RunState = RunState.RUNNING, *, reported: bool = True) -> Run:
    reported_at = object() if reported else None
    return Run(state=state, stage=Stage.CHALLENGE, toy_reported_at=reported_at, limits={"seconds": LIMIT})


def some(
    count: int,
    state: CaseRunState,
    *,
    toy: bool = False,
    reason: FailureReason | None = None,
    seconds: float = 1.0,
) -> list[Tally]:
    return [Tally(toy, state, reason, count, seconds)] if count else []


TOY_DONE = some(8, S.SUCCEEDED, toy=True)


def ended(*hidden: Tally, state: RunState = RunState.SCORED) -> Progress:
    return summarize(a_run(state), [*TOY_DONE, *hidden])


@pytest.mark.parametrize(("done", "shown"), [(0, 0), (4, 0), (5, 5), (49, 45), (99, 95), (100, 100)])
def test_hidden_cases_progress_in_steps_of_five_percent(done: int, shown: int) -> None:
    cases = [*TOY_DONE, *some(done, S.SUCCEEDED), *some(100 - done, S.QUEUED)]
    assert summarize(a_run(), cases).percent == shown


@pytest.mark.parametrize("total", range(8, 40))
def test_a_small_set_shows_the_same_four_steps_whatever_its_size(total: int) -> None:
    assert list(dict.fromkeys(shown_percents(total))) == [0, 25, 50, 75, 100]


@pytest.mark.parametrize("total", [40, 41, 59, 100, 542])
def test_a_large_set_shows_every_step_of_five_whatever_its_size(total: int) -> None:
    assert list(dict.fromkeys(shown_percents(total))) == list(range(0, 101, 5))


@pytest.mark.parametrize("total", [1, 2, 3, 5, 7, 8, 12, 39, 40, 57])
def test_no_step_but_the_last_is_a_single_case(total: int) -> None:
    lengths = [len(list(same)) for _, same in groupby(shown_percents(total)[:-1])]
    assert min(lengths) >= min(2, total)


def shown_percents(total: int) -> list[int | None]:
    """What a watcher reads after each case of a Run."""
    return [
        summarize(a_run(), [*TOY_DONE, *some(done, S.SUCCEEDED), *some(total - done, S.QUEUED)]).percent
        for done in range(total + 1)
    ]


def test_toy_cases_are_counted_and_hidden_ones_silent_until_the_report() -> None:
    cases = [*some(3, S.SUCCEEDED, toy=True), *some(5, S.RUNNING, toy=True), *some(40, S.QUEUED)]
    progress = summarize(a_run(reported=False), cases)
    assert (progress.phase, progress.toy_done, progress.toy_total) == (Phase.TOY, 3, 8)
    assert progress.percent is None


@pytest.mark.parametrize(
    ("state", "reported", "phase"),
    [
        (RunState.QUEUED, False, Phase.QUEUED),
        (RunState.RUNNING, False, Phase.TOY),
        (RunState.RUNNING, True, Phase.HIDDEN),
        (RunState.SCORING, True, Phase.SCORING),
        (RunState.SCORED, True, Phase.ENDED),
        (RunState.FAILED, True, Phase.ENDED),
        (RunState.CANCELLED, True, Phase.ENDED),
    ],
)
def test_the_phase_says_where_the_run_is(state: RunState, reported: bool, phase: Phase) -> None:
    assert summarize(a_run(state, reported=reported), TOY_DONE).phase is phase


def test_failures_and_times_of_hidden_cases_are_told_only_after_the_end() -> None:
    cases = [*TOY_DONE, *some(9, S.TIMED_OUT, reason=FailureReason.TIMED_OUT), *some(1, S.QUEUED)]
    progress = summarize(a_run(), cases)
    assert (progress.failures, progress.slowest) == ((), None)


@pytest.mark.parametrize(
    ("failed", "band"), [(1, "few"), (4, "few"), (5, "some"), (24, "some"), (25, "many"), (99, "many")]
)
def test_reasons_come_with_a_band_instead_of_a_count(failed: int, band: str) -> None:
    crashed = some(failed, S.CRASHED, reason=FailureReason.CRASHED)
    progress = ended(*crashed, *some(100 - failed, S.SUCCEEDED))
    assert progress.failures == (Failure(FailureReason.CRASHED, FailureReason.CRASHED.text, band),)


@pytest.mark.parametrize("total", [4, 9, 19, 20, 500])
def test_a_single_failed_case_is_few_in_a_set_of_any_size(total: int) -> None:
    progress = ended(*some(1, S.CRASHED, reason=FailureReason.CRASHED), *some(total - 1, S.SUCCEEDED))
    assert [failure.band for failure in progress.failures] == ["few"]


def test_failures_of_one_reason_are_added_up_over_outcomes() -> None:
    reason = FailureReason.OUTPUT_INVALID
    cases = [*some(3, S.OUTPUT_INVALID, reason=reason), *some(3, S.CRASHED, reason=reason)]
    assert [failure.band for failure in ended(*cases, *some(94, S.SUCCEEDED)).failures] == ["some"]


def test_a_cancelled_run_tells_nothing_of_the_hidden_cases_it_had_run() -> None:
    cases = [*some(1, S.TIMED_OUT, reason=FailureReason.TIMED_OUT), *some(99, S.CANCELLED)]
    progress = ended(*cases, state=RunState.CANCELLED)
    assert (progress.failures, progress.slowest) == ((), None)


def test_toy_failures_and_platform_faults_are_not_among_the_reasons() -> None:
    toy = some(8, S.CRASHED, toy=True, reason=FailureReason.CRASHED)
    lost = some(3, S.ABANDONED, reason=FailureReason.LOST_LEASE)
    assert summarize(a_run(RunState.FAILED), [*toy, *lost]).failures == ()


@pytest.mark.parametrize(
    ("seconds", "band"), [(10, "≤ 50 %"), (50, "≤ 50 %"), (51, "≤ 90 %"), (90, "≤ 90 %"), (91, "> 90 %")]
)
def test_the_slowest_case_is_told_as_a_band(seconds: float, band: str) -> None:
    assert ended(*some(1, S.SUCCEEDED, seconds=seconds), *some(5, S.SUCCEEDED)).slowest == band


def test_a_time_out_is_the_highest_band() -> None:
    assert ended(*some(1, S.TIMED_OUT, reason=FailureReason.TIMED_OUT, seconds=99.9)).slowest == "> 90 %"


def test_a_cancelled_run_does_not_look_finished() -> None:
    progress = ended(*some(30, S.SUCCEEDED), *some(70, S.CANCELLED), state=RunState.CANCELLED)
    assert progress.percent == 30


def test_ten_and_a_thousand_hidden_cases_look_the_same() -> None:
    few = ended(*some(5, S.SUCCEEDED), *some(5, S.CRASHED, reason=FailureReason.CRASHED))
    many = ended(*some(500, S.SUCCEEDED), *some(500, S.CRASHED, reason=FailureReason.CRASHED))
    assert few == many


def test_there_is_no_other_field() -> None:
    names = {field.name for field in fields(Progress)}
    assert names == {"phase", "toy_done", "toy_total", "percent", "failures", "slowest"}
    assert json.loads(json.dumps(ended(*some(1, S.SUCCEEDED)).to_json()))["phase"] == "ended"
