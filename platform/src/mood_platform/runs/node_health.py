"""Who is well: what the database knows of each Node, and how a fault, a good case or a test changes it.

Rows are locked in one order: Run, CaseRun, Image, Node. Nobody can wait in a circle then.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from mood_platform.db.transaction import Transaction
from mood_platform.documents.faults import UnprovenFault
from mood_platform.models import CaseRun, Health, KnownNode, Run, Stage, Submission
from mood_platform.nodes.door import Presence
from mood_platform.queueing import SendMail
from mood_platform.terms import MailKind

LIVING_LEASES = 3
"""A Node that was not seen for so many leases is taken for dead."""
FAULTS_IN_A_ROW, TEAMS_IN_A_ROW = 3, 2
"""So many faults in a row, over Images of so many Teams, are the Node's own."""
FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)
"""Before the self-test of a quarantined Node; four times longer after each further quarantine in a row."""


def see(tx: Transaction, presence: Presence) -> None:
    """The Node is there: its row is made, or its time is set; nothing else is waited for."""
    said = {
        "machine": presence.machine,
        "stages": sorted(map(str, presence.stages)),
        "facts": dict(presence.facts),
        "unfit": presence.unfit,
        "seen_at": tx.now,
    }
    new = {
        "name": presence.name,
        "health": Health.UNTRIED,
        "health_since": tx.now,
        "fault_teams": [],
        "quarantines": 0,
        "quarantine_why": "",
        "quarantined_by": "",
        "test_problem": "",
    }
    row = insert(KnownNode).values(**said, **new)
    tx.session.execute(row.on_conflict_do_update(index_elements=["name"], set_=said))


def say_alive(tx: Transaction, *, name: str) -> None:
    """It is there, at work on a case."""
    tx.session.execute(update(KnownNode).where(KnownNode.name == name).values(seen_at=tx.now))


def living(tx: Transaction, *, stage: Stage, lease_seconds: float) -> list[str]:
    """Names of the Nodes that take such cases, are fit, not quarantined, and were seen within some leases."""
    since = tx.now - timedelta(seconds=LIVING_LEASES * lease_seconds)
    seen = select(KnownNode.name).where(
        KnownNode.seen_at > since,
        KnownNode.health != Health.QUARANTINED,
        KnownNode.unfit == "",
        KnownNode.stages.contains([str(stage)]),
    )
    return list(tx.session.scalars(seen.order_by(KnownNode.name)))


def is_quarantined(tx: Transaction, *, name: str) -> bool:
    health = select(KnownNode.health).where(KnownNode.name == name)
    return tx.session.scalar(health) is Health.QUARANTINED


def teams_failed_in_a_row(tx: Transaction, *, name: str) -> set[str]:
    """Whose cases the Node failed since its last one that ended by itself; mostly nobody's."""
    return set(tx.session.scalar(select(KnownNode.fault_teams).where(KnownNode.name == name)) or ())


def lock_node(tx: Transaction, *, name: str) -> KnownNode | None:
    query = select(KnownNode).where(KnownNode.name == name).with_for_update()
    return tx.session.scalar(query, execution_options={"populate_existing": True})


def note_fault(tx: Transaction, *, run: Run, case_run: CaseRun, ran: bool) -> None:
    """A case failed for our reasons: the Node is tested before its next one, or is quarantined at once.

    Whether the Image is to blame is asked after the test, if its container `ran` on a Node that was well.
    """
    node = lock_node(tx, name=str(case_run.node))
    if node is None:
        return
    submission = tx.session.get_one(Submission, run.submission_id)
    node.unproven = None
    if ran and node.health is Health.WELL:
        fault = UnprovenFault(run=str(run.id), image=str(submission.image_id), at=tx.now.timestamp())
        node.unproven = fault.to_json()
    node.fault_teams = [*node.fault_teams, str(submission.team_id)]
    if node.health is Health.QUARANTINED:
        return
    node.health, node.health_since = Health.UNTRIED, tx.now
    if len(node.fault_teams) >= FAULTS_IN_A_ROW and len(set(node.fault_teams)) >= TEAMS_IN_A_ROW:
        count = len(node.fault_teams)
        quarantine(tx, node, why=f"It failed {count} cases in a row, of images of several teams.")


def note_good_case(tx: Transaction, *, name: str) -> None:
    """A case ended by itself, however it ended: the Node works. Mostly nothing is to be changed."""
    changed = or_(KnownNode.fault_teams != [], KnownNode.quarantines > 0)
    row = update(KnownNode).where(KnownNode.name == name, changed)
    tx.session.execute(row.values(fault_teams=[], quarantines=0))


def quarantine(tx: Transaction, node: KnownNode, *, why: str, by: str = "") -> None:
    """No case from now on. Organizers are told once, until it has run a case again. The row is locked."""
    node.health, node.health_since = Health.QUARANTINED, tx.now
    node.quarantine_why, node.quarantined_by = why, by
    node.quarantines += 1
    if node.quarantines == 1 and not by:
        tx.enqueue(SendMail(MailKind.NODE_QUARANTINED, node.id))


def is_test_due(tx: Transaction, node: KnownNode) -> bool:
    """New, failed a case, or rested in quarantine; what an organizer quarantined waits for an organizer."""
    if node.health is not Health.QUARANTINED:
        return node.health is Health.UNTRIED
    if node.quarantined_by:
        return False
    rest: timedelta = min(FIRST_REST * 4 ** min(node.quarantines - 1, 5), LONGEST_REST)
    return tx.now >= rest + max(node.health_since, node.tested_at or node.health_since)


def let_out(tx: Transaction, node: KnownNode, *, health: Health) -> None:
    """Out of quarantine: what it parked before is queued again by the sweeper. The row is locked."""
    node.health, node.health_since, node.released_at = health, tx.now, tx.now
    node.quarantine_why, node.quarantined_by, node.fault_teams = "", "", []
