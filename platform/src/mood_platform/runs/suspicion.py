"""After a fault: the Node's self-test says whether the Node is to blame, or the Image that it ran."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select

from mood_platform.db.transaction import Transaction
from mood_platform.documents.faults import BlamedFault, UnprovenFault
from mood_platform.models import (
    TEAM_FAULTS,
    CaseRun,
    CaseRunState,
    Health,
    Image,
    KnownNode,
    Run,
    Submission,
)
from mood_platform.queueing import SendMail
from mood_platform.runs.endings import lock_run
from mood_platform.runs.node_health import let_out, living, lock_node, quarantine
from mood_platform.runs.parking import park_waiting
from mood_platform.terms import MailKind

SUSPICIOUS_NODES = 2
FAULTS_UNTIL_HELD = 3
TOLERATED_SHARE = 20
"""One such fault among so many cases that ended is bad luck."""
INCIDENT_SECONDS = 60
"""Slots of one machine that fail within this time met one incident, such as its Engine's restart."""


def report_self_test(tx: Transaction, *, name: str, problem: str | None, lease_seconds: float) -> None:
    """What the self-test of a Node found; None: it passed. The Node is quarantined, or well."""
    unproven = tx.session.scalar(select(KnownNode.unproven).where(KnownNode.name == name))
    run = (
        None
        if unproven is None or problem
        else lock_run(tx, UUID(UnprovenFault.from_json(unproven, place=f"the fault of {name}").run))
    )
    image = None if run is None else _lock_image(tx, run)
    node = lock_node(tx, name=name)
    if node is None:
        return
    node.tested_at, node.test_problem = tx.now, problem or ""
    if problem:
        node.unproven = None
        _failed(tx, node, problem)
        return
    if run is not None and image is not None and node.unproven == unproven:
        _blame(tx, run, image, node, lease_seconds)
    node.unproven = None
    if node.health is Health.QUARANTINED:
        if not node.quarantined_by:
            let_out(tx, node, health=Health.WELL)
    else:
        node.health, node.health_since = Health.WELL, tx.now


def note_own_end(tx: Transaction, *, case_run: CaseRun) -> None:
    """A case ended by itself: the more of them, the less a few faults say about its Image."""
    mine = (
        select(Image)
        .join(Submission, Submission.image_id == Image.id)
        .join(Run, Run.submission_id == Submission.id)
        .where(Run.id == case_run.run_id, Image.suspect_since.is_not(None))
        .with_for_update(of=Image, key_share=True)
    )
    image = tx.session.scalar(mine)
    if image is not None and len(image.blamed) <= _tolerated(tx, image):
        image.blamed, image.suspect_since = [], None


def _failed(tx: Transaction, node: KnownNode, problem: str) -> None:
    """Quarantined already: it rests again, and nobody is told twice."""
    if node.health is Health.QUARANTINED:
        node.quarantine_why = node.quarantine_why or problem
        return
    quarantine(tx, node, why=f"Its self-test failed: {problem}")


def _blame(tx: Transaction, run: Run, image: Image, node: KnownNode, lease_seconds: float) -> None:
    """The Node was well before and after: the Image may be what made its case fail."""
    since = UnprovenFault.from_json(node.unproven, place=f"the fault of {node.name}").at
    fault = BlamedFault(node=node.name, machine=node.machine, at=since)
    known = [BlamedFault.from_json(one, place="a fault over an image") for one in image.blamed]
    if any(fault.is_incident_of(one, within=INCIDENT_SECONDS) for one in known):
        return
    image.blamed = [*image.blamed, fault.to_json()]
    others = set(living(tx, stage=run.stage, lease_seconds=lease_seconds)) - {node.name}
    nodes = {one.node for one in (*known, fault)}
    excess = len(image.blamed) - _tolerated(tx, image)
    if excess > 0 and (len(nodes) >= SUSPICIOUS_NODES or not others):
        image.suspect_since = image.suspect_since or tx.now
        node.fault_teams = node.fault_teams[:-1]
        if excess >= FAULTS_UNTIL_HELD and run.state.live and run.held_since is None:
            _hold(tx, run, nodes)


def _tolerated(tx: Transaction, image: Image) -> int:
    """From the cases of the Image that ended by themselves, in whatever Run."""
    ended = (
        select(func.count())
        .select_from(CaseRun)
        .join(Run, CaseRun.run_id == Run.id)
        .join(Submission, Run.submission_id == Submission.id)
        .where(Submission.image_id == image.id)
        .where(CaseRun.state.in_(TEAM_FAULTS | {CaseRunState.COLLECTED, CaseRunState.SUCCEEDED}))
    )
    return (tx.session.scalar(ended) or 0) // TOLERATED_SHARE


def _hold(tx: Transaction, run: Run, nodes: set[str]) -> None:
    """Its waiting cases are parked; those that run end by themselves. Organizers decide whose fault it is."""
    names = ", ".join(sorted(nodes))
    run.held_since, run.parked_told_at = tx.now, tx.now
    run.held_why = f"Cases of its image failed on {names}, which passed their self-test before and after."
    park_waiting(tx, run=run)
    tx.enqueue(SendMail(MailKind.RUN_HELD, run.id))


def _lock_image(tx: Transaction, run: Run) -> Image:
    mine = select(Image).join(Submission, Submission.image_id == Image.id)
    query = mine.where(Submission.id == run.submission_id).with_for_update(of=Image, key_share=True)
    return tx.session.scalars(query.execution_options(populate_existing=True)).one()
