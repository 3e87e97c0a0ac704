"""The transition tables, walked state by state, and the one door through which states change."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from mood_platform.errors import InvalidTransition
from mood_platform.failures import FailureReason
from mood_platform.models import (
    CASE_RUN_TRANSITIONS,
    LIVE,
    RUN_TRANSITIONS,
    TEAM_FAULTS,
    TERMINAL,
    CaseRun,
    CaseRunState,
    Run,
    RunEvent,
    RunState,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)

RUN_STEPS = {
    "queued": "running failed cancelled",
    "running": "scoring failed cancelled",
    "scoring": "scored failed cancelled",
    "scored": "",
    "failed": "",
    "cancelled": "",
}
CASE_RUN_STEPS = {
    "queued": "running parked cancelled",
    "running": "collected timed_out out_of_memory crashed output_missing queued parked cancelled",
    "collected": "succeeded output_invalid parked cancelled",
    "parked": "queued collected crashed cancelled",
    "succeeded": "",
    "output_invalid": "",
    "timed_out": "",
    "out_of_memory": "",
    "crashed": "",
    "output_missing": "",
    "abandoned": "",
    "cancelled": "",
}


def in_session(row: Run | CaseRun) -> Session:
    session = Session()
    session.add(row)
    return session


def event_in(session: Session) -> RunEvent:
    (event,) = [row for row in session.new if isinstance(row, RunEvent)]
    return event


@pytest.mark.parametrize(("before", "after"), list(product(RunState, RunState)))
def test_a_run_takes_exactly_the_steps_of_its_table(before: RunState, after: RunState) -> None:
    run = Run(id=uuid4(), state=before, state_since=None)
    session = in_session(run)
    if after.value in RUN_STEPS[before.value].split():
        run.advance(after, now=NOW)
        event = event_in(session)
        assert (run.state, run.state_since) == (after, NOW)
        assert (event.run_id, event.before, event.after, event.at) == (run.id, before, after, NOW)
    else:
        with pytest.raises(InvalidTransition):
            run.advance(after, now=NOW)
        assert run.state is before


@pytest.mark.parametrize(("before", "after"), list(product(CaseRunState, CaseRunState)))
def test_a_case_run_takes_exactly_the_steps_of_its_table(before: CaseRunState, after: CaseRunState) -> None:
    case_run = CaseRun(id=uuid4(), run_id=uuid4(), state=before, node="node-1")
    session = in_session(case_run)
    if after.value in CASE_RUN_STEPS[before.value].split():
        case_run.advance(after, now=NOW, reason=FailureReason.LOST_LEASE)
        event = event_in(session)
        assert (case_run.state, case_run.reason) == (after, FailureReason.LOST_LEASE)
        assert (event.case_run_id, event.node, event.subject) == (case_run.id, "node-1", "case_run")
    else:
        with pytest.raises(InvalidTransition):
            case_run.advance(after, now=NOW)
        assert case_run.state is before


def test_a_run_keeps_the_reason_of_its_failure() -> None:
    run = Run(id=uuid4(), state=RunState.RUNNING)
    in_session(run)
    run.advance(RunState.FAILED, now=NOW, reason=FailureReason.TOY_FAILED)
    assert run.reason is FailureReason.TOY_FAILED


def test_every_state_has_its_row_and_ends_are_what_leads_nowhere() -> None:
    assert set(RUN_TRANSITIONS) == set(RunState)
    assert set(CASE_RUN_TRANSITIONS) == set(CaseRunState)
    assert {state for state in RunState if state.live} == LIVE
    assert {state for state in CaseRunState if state.terminal} == TERMINAL


def test_team_faults_are_the_ends_a_team_answers_for() -> None:
    blamed = {"output_invalid", "timed_out", "out_of_memory", "crashed", "output_missing"}
    assert {state.value for state in TEAM_FAULTS} == blamed
