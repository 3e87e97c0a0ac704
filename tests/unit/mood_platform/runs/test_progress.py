"""What a participant may see: coarse steps while it runs, reasons and bands afterwards, never a count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest

from mood_platform.failures import FailureReason
from mood_platform.models import CaseRunState, Run, RunState, Stage
from mood_platform.runs.progress import Failure, Look, Phase, Progress, Tally, summarize

S = CaseRunState
LIMIT = 100.0


NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def a_run(state: RunState = RunState.RUNNING, *, reported: bool = True, **changes: Any) -> Run:
    facts: dict[str, Any] = {
        "state": state,
        "state_since": NOON,
        "stage": Stage.CHALLENGE,
        "toy_reported_at": NOON if reported else None,
        "told_live": False,
        "limits": {"seconds": LIMIT},
    }
    return Run(**{**facts, **changes})


def look_at(run: Run, cases: Iterable[Tally], *, minutes: float = 60, **facts: bool) -> Progress:
    """What is told so long after noon, usually when all has been decided."""
    look = Look(now=NOON + timedelta(minutes=minutes), **({"closed": True} | facts))
    return summarize(run, cases, look=look)


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
    return look_at(a_run(state), [*TOY_DONE, *hidden])


@pytest.mark.parametrize(("done", "shown"), [(0, 0), (4, 0), (5, 5), (49, 45), (99, 95), (100, 100)])
def test_hidden_cases_progress_in_steps_of_five_percent(done: int, shown: int) -> None:
    cases = [*TOY_DONE, *some(done, S.SUCCEEDED), *some(100 - done, S.QUEUED)]
    assert look_at(a_run(), cases).percent == shown


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
        look_at(a_run(), [*TOY_DONE, *some(done, S.SUCCEEDED), *some(total - done, S.QUEUED)]).percent
        for done in range(total + 1)
    ]


def test_toy_cases_are_counted_and_hidden_ones_silent_until_the_report() -> None:
    cases = [*some(3, S.SUCCEEDED, toy=True), *some(5, S.RUNNING, toy=True), *some(40, S.QUEUED)]
    progress = look_at(a_run(reported=False), cases)
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
    hidden = some(1, S.QUEUED if state in (RunState.QUEUED, RunState.RUNNING) else S.SUCCEEDED)
    assert look_at(a_run(state, reported=reported), [*TOY_DONE, *hidden]).phase is phase


def test_failures_and_times_of_hidden_cases_are_told_only_after_the_end() -> None:
    cases = [*TOY_DONE, *some(9, S.TIMED_OUT, reason=FailureReason.TIMED_OUT), *some(1, S.QUEUED)]
    progress = look_at(a_run(), cases)
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
    assert look_at(a_run(RunState.FAILED), [*toy, *lost]).failures == ()


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
    told = {"phase", "toy_done", "toy_total", "percent", "failures", "slowest"}
    assert names == told | {"state", "since", "next_told_at", "few_told", "waits"}


def test_what_few_cases_met_is_told_together_with_none_until_the_edition_has_closed() -> None:
    crashed = some(4, S.CRASHED, reason=FailureReason.CRASHED)
    slow = some(5, S.TIMED_OUT, reason=FailureReason.TIMED_OUT)
    cases = [*TOY_DONE, *crashed, *slow, *some(91, S.SUCCEEDED)]
    before = look_at(a_run(RunState.SCORED), cases, closed=False)
    without = look_at(a_run(RunState.SCORED), [*TOY_DONE, *slow, *some(95, S.SUCCEEDED)], closed=False)
    assert before == without
    assert [one.band for one in before.failures] == ["some"]
    assert not before.few_told
    assert {one.band for one in look_at(a_run(RunState.SCORED), cases).failures} == {"few", "some"}


def test_cases_that_ended_since_the_last_tick_do_not_move_the_progress() -> None:
    fresh = Tally(toy=False, state=S.SUCCEEDED, reason=None, count=30, slowest=1.0, told=False)
    cases = [*TOY_DONE, *some(50, S.SUCCEEDED), fresh, *some(20, S.QUEUED)]
    progress = look_at(a_run(), cases, minutes=7)
    assert progress.percent == 50
    assert progress.next_told_at == NOON + timedelta(minutes=10)


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.SCORING, RunState.SCORED])
@pytest.mark.parametrize("told", [0, 60, 100])
def test_between_ticks_nobody_sees_whether_a_run_goes_on_is_scored_or_has_ended(
    state: RunState, told: int
) -> None:
    """The container chooses its speed, so the moment of the end would be a message."""
    late = Tally(toy=False, state=S.SUCCEEDED, reason=None, count=100 - told, slowest=99.0, told=False)
    run = a_run(state, state_since=NOON + timedelta(minutes=4))
    progress = look_at(run, [*TOY_DONE, *some(told, S.SUCCEEDED), late], minutes=5)
    reference = a_run(RunState.SCORING if told == 100 else RunState.RUNNING)
    assert progress == look_at(reference, [*TOY_DONE, *some(told, S.SUCCEEDED), late], minutes=5)
    assert progress.state.live
    assert (progress.failures, progress.slowest) == ((), None)


def test_an_end_is_told_at_the_tick_and_dated_by_it() -> None:
    run = a_run(RunState.SCORED, state_since=NOON + timedelta(minutes=4, seconds=7))
    cases = [*TOY_DONE, *some(100, S.SUCCEEDED)]
    assert look_at(run, cases, minutes=9.99).state is RunState.SCORING
    told = look_at(run, cases, minutes=10)
    assert (told.state, told.since) == (RunState.SCORED, NOON + timedelta(minutes=10))
    assert told.next_told_at is None


def test_a_team_that_withdraws_does_not_learn_whether_the_run_had_just_ended() -> None:
    """Else it would choose the moment, and read one bit of the container's speed to the second."""
    moment = NOON + timedelta(minutes=4)
    cases = [*TOY_DONE, *some(80, S.SUCCEEDED)]
    rest = [Tally(toy=False, state=S.SUCCEEDED, reason=None, count=20, slowest=99.0, told=False)]
    cut = [Tally(toy=False, state=S.CANCELLED, reason=None, count=20, slowest=None, told=False)]
    for minutes in (5, 10, 600):
        ended_before = look_at(
            a_run(RunState.SCORED, state_since=moment), [*cases, *rest], minutes=minutes, withdrawn=True
        )
        stopped = look_at(
            a_run(RunState.CANCELLED, state_since=moment), [*cases, *cut], minutes=minutes, withdrawn=True
        )
        assert ended_before == stopped
        assert stopped.percent == 80


def test_where_nothing_is_hidden_all_is_told_at_once_and_exactly() -> None:
    fresh = Tally(toy=False, state=S.CRASHED, reason=FailureReason.CRASHED, count=1, slowest=1.0, told=False)
    cases = [*TOY_DONE, *some(36, S.SUCCEEDED), fresh]
    live = look_at(a_run(told_live=True), [*cases, *some(1, S.QUEUED)], minutes=1, closed=False)
    assert (live.percent, live.next_told_at) == (97, None)
    run = a_run(RunState.SCORED, told_live=True, state_since=NOON + timedelta(seconds=30))
    progress = look_at(run, cases, minutes=1, closed=False)
    assert (progress.state, [one.band for one in progress.failures]) == (RunState.SCORED, ["few"])


def test_what_happens_before_the_toy_report_is_live() -> None:
    since = NOON + timedelta(minutes=3)
    run = a_run(RunState.FAILED, reported=False, state_since=since)
    assert look_at(run, TOY_DONE, minutes=4).since == since


def test_a_run_waits_once_nothing_is_left_but_parked_cases() -> None:
    parked = some(2, S.PARKED, reason=FailureReason.ENGINE_ERROR)
    assert not look_at(a_run(), [*TOY_DONE, *parked, *some(1, S.QUEUED)]).waits
    assert not look_at(a_run(), [*TOY_DONE, *some(5, S.SUCCEEDED)]).waits
    waiting = look_at(a_run(), [*TOY_DONE, *parked, *some(98, S.SUCCEEDED)])
    assert (waiting.waits, waiting.failures) == (True, ())


def test_that_a_run_waits_is_told_on_the_clock() -> None:
    parked = Tally(toy=False, state=S.PARKED, reason=None, count=1, slowest=None, told=False)
    assert not look_at(a_run(told_live=False), [*TOY_DONE, parked, *some(98, S.SUCCEEDED)]).waits


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.SCORED])
def test_a_case_that_was_dropped_for_everybody_is_as_if_it_had_never_been_there(state: RunState) -> None:
    cases = [*TOY_DONE, *some(99, S.SUCCEEDED), *some(1, S.CRASHED, reason=FailureReason.CRASHED)]
    without = look_at(a_run(state), cases)
    assert look_at(a_run(state), [*cases, *some(2, S.CANCELLED)]) == without
    assert without.percent == 100
