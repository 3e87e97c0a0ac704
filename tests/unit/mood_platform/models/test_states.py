"""The transition tables, walked state by state, and the one door through which states change."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from itertools import product
from typing import Any
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
    Base,
    CaseRun,
    CaseRunState,
    Entry,
    Event,
    Image,
    ImageState,
    Run,
    RunScoring,
    RunState,
    ScoringState,
    Submission,
    Upload,
)
from mood_platform.models.state import WithState

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


OTHER_STEPS = {
    Submission: {"accepted": "withdrawn excluded", "excluded": "accepted"},
    Image: {
        "received": "checking",
        "checking": "accepted rejected",
        "accepted": "rejected",
        "rejected": "accepted",
    },
    Upload: {"receiving": "complete expired", "complete": "used"},
    Entry: {"asked": "admitted refused", "admitted": "refused", "refused": "admitted"},
    RunScoring: {"queued": "scored failed"},
}
"""States that are not named lead nowhere."""
WALK = [
    (table, before, after)
    for table in OTHER_STEPS
    for before, after in product(sorted(table.TRANSITIONS), repeat=2)
]


def in_session(row: Base) -> Session:
    session = Session()
    session.add(row)
    return session


def event_in(session: Session) -> Event:
    (event,) = [row for row in session.new if isinstance(row, Event)]
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
        assert (event.subject_id, event.node, event.subject) == (case_run.id, "node-1", "case_run")
    else:
        with pytest.raises(InvalidTransition):
            case_run.advance(after, now=NOW)
        assert case_run.state is before


@pytest.mark.parametrize(("table", "before", "after"), WALK)
def test_every_other_row_takes_exactly_the_steps_of_its_table(
    table: type[WithState[Any]], before: StrEnum, after: StrEnum
) -> None:
    row = table(id=uuid4(), state=before)
    session = in_session(row)
    if after.value in OTHER_STEPS[table].get(before.value, "").split():
        row.advance(after, now=NOW)
        event = event_in(session)
        assert (row.state, row.state_since) == (after, NOW)
        assert (event.subject, event.subject_id, event.before, event.after) == (
            table.SUBJECT,
            row.id,
            before,
            after,
        )
    else:
        with pytest.raises(InvalidTransition, match=f"{table.__name__} .* is {before} and cannot"):
            row.advance(after, now=NOW)
        assert row.state is before


def test_an_image_keeps_the_reason_of_its_last_step_alone() -> None:
    image = Image(id=uuid4(), state=ImageState.CHECKING)
    in_session(image)
    image.advance(ImageState.REJECTED, now=NOW, reason=FailureReason.IMAGE_NOT_TAR)
    assert image.reason is FailureReason.IMAGE_NOT_TAR
    image.advance(ImageState.ACCEPTED, now=NOW)
    assert image.reason is None


def test_a_rescoring_belongs_to_the_history_of_its_run() -> None:
    scoring = RunScoring(id=uuid4(), run_id=uuid4(), state=ScoringState.QUEUED)
    session = in_session(scoring)
    scoring.advance(ScoringState.SCORED, now=NOW)
    assert event_in(session).run_id == scoring.run_id


def test_every_table_with_a_state_has_transitions_for_all_of_its_states_and_a_name_of_its_own() -> None:
    stateful = [mapper.class_ for mapper in Base.registry.mappers if "state" in mapper.columns]
    assert {table.__name__ for table in stateful} == {one.__name__ for one in (Run, CaseRun, *OTHER_STEPS)}
    for table in stateful:
        assert set(table.TRANSITIONS) == set(type(next(iter(table.TRANSITIONS))))
    assert len({table.SUBJECT for table in stateful}) == len(stateful)


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
