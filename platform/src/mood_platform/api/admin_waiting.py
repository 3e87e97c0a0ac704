"""For organizers: what waits for them, how the Nodes are, and what they decide about both."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mood_platform.api.admin import Reason, Text
from mood_platform.db.transaction import Transaction
from mood_platform.http.dependencies import Organizer, Tx, World
from mood_platform.models import Health, RunState, Stage
from mood_platform.runs.decisions import decide_ours, decide_team, quarantine_node, release_node, resume
from mood_platform.runs.queries import find_run
from mood_platform.runs.waiting import (
    NodeStanding,
    WaitingRun,
    find_node,
    list_nodes,
    quarantined_nodes,
    waiting_runs,
)
from mood_platform.views.participant import Document, Moment, Page, View

router = APIRouter(prefix="/admin", tags=["organizers"])


class WaitingRunView(View):
    run: UUID
    submission: UUID
    team: str
    number: int
    run_number: int
    """Inside the Submission: commands name the Run `team#number/run_number`."""
    stage: Stage
    state: RunState
    parked: int
    """Cases of it that are parked now."""
    since: Moment | None
    held_since: Moment | None
    held_why: str
    decide: bool
    """It is held, or has waited longer than MOOD_EXECUTION__DECIDE_HOURS."""


class NodeView(View):
    name: str
    machine: str
    stages: list[str]
    health: Health
    since: Moment
    seen_at: Moment
    unfit: str
    """Why it takes nothing at the moment, by its own word."""
    faults: int
    """In a row, since its last case that ended by itself."""
    parked: int
    quarantine_why: str
    quarantined_by: str
    tested_at: Moment | None
    test_problem: str
    facts: Document


class StatusView(View):
    """What waits for an organizer, the most pressing first."""

    decisions: list[WaitingRunView]
    parked: list[WaitingRunView]
    quarantined: list[str]
    """Names of Nodes."""


class Whose(StrEnum):
    TEAM = "team"
    OURS = "ours"


class Decision(BaseModel):
    """Whose fault it was that Nodes failed over the image of a held Run."""

    model_config = ConfigDict(extra="forbid")

    whose: Whose
    reason: Text


class Resumption(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=2000)] = ""


class Tried(View):
    """What became of the parked cases of a Run."""

    run: UUID
    cases: int


@router.get("/status")
def read_status(tx: Tx, _: Organizer, world: World) -> StatusView:
    """What waits for an organizer: decisions, parked Runs, quarantined Nodes."""
    patience = timedelta(hours=world.settings.execution.decide_hours)
    found = waiting_runs(tx, patience=patience)
    return StatusView(
        decisions=[_view_waiting(one) for one in found if one.decide],
        parked=[_view_waiting(one) for one in found if not one.decide],
        quarantined=[node.name for node in quarantined_nodes(tx)],
    )


@router.get("/nodes")
def read_nodes(tx: Tx, _: Organizer) -> Page[NodeView]:
    """All Nodes that were ever seen: health, faults, what they parked."""
    return Page(items=[_view_node(one) for one in list_nodes(tx)], next_cursor=None)


@router.post("/nodes/{node_name}/quarantine")
def quarantine(node_name: str, body: Reason, tx: Tx, me: Organizer) -> NodeView:
    """No case for this Node until it is released; the one that runs there ends by itself."""
    quarantine_node(tx, name=node_name, actor=me.actor, reason=body.reason)
    return _read_node(tx, node_name)


@router.post("/nodes/{node_name}/release")
def release(node_name: str, body: Reason, tx: Tx, me: Organizer) -> NodeView:
    """Out of quarantine: its self-test comes before its next case."""
    release_node(tx, name=node_name, actor=me.actor, reason=body.reason)
    return _read_node(tx, node_name)


@router.post("/runs/{run_id}/resume")
def resume_run(run_id: UUID, body: Resumption, tx: Tx, me: Organizer) -> Tried:
    """Try the parked cases of a Run again, as if they had never failed."""
    count = resume(tx, run=find_run(tx, run_id=run_id), actor=me.actor, reason=body.reason)
    return Tried(run=run_id, cases=count)


@router.post("/runs/{run_id}/decide")
def decide(run_id: UUID, body: Decision, tx: Tx, me: Organizer) -> Tried:
    """Of a held Run: the team's (its parked cases count as crashed) or ours (they run again)."""
    run, by = find_run(tx, run_id=run_id), decide_team if body.whose is Whose.TEAM else decide_ours
    return Tried(run=run_id, cases=by(tx, run=run, actor=me.actor, reason=body.reason))


def _read_node(tx: Transaction, name: str) -> NodeView:
    tx.session.flush()
    return _view_node(find_node(tx, name=name))


def _view_waiting(one: WaitingRun) -> WaitingRunView:
    run = one.run
    return WaitingRunView(
        run=run.id,
        submission=run.submission_id,
        team=run.submission.team.handle,
        number=run.submission.number,
        run_number=run.number,
        stage=run.stage,
        state=run.state,
        parked=one.parked,
        since=run.parked_told_at,
        held_since=run.held_since,
        held_why=run.held_why,
        decide=one.decide,
    )


def _view_node(one: NodeStanding) -> NodeView:
    node = one.node
    return NodeView(
        name=node.name,
        machine=node.machine,
        stages=node.stages,
        health=node.health,
        since=node.health_since,
        seen_at=node.seen_at,
        unfit=node.unfit,
        faults=len(node.fault_teams),
        parked=one.parked,
        quarantine_why=node.quarantine_why,
        quarantined_by=node.quarantined_by,
        tested_at=node.tested_at,
        test_problem=node.test_problem,
        facts=node.facts,
    )
