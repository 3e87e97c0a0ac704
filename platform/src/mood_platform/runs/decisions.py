"""What organizers decide: try parked cases again, say whose fault it was, take a Node out or let it in."""

from __future__ import annotations

from sqlalchemy import select

from mood_platform.accounts.audit import audit, subject_of
from mood_platform.accounts.reasons import checked_words, require_reason
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict, NotFound
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRunState, Health, Image, KnownNode, Run, Submission
from mood_platform.queueing import ScoreRun
from mood_platform.runs.due import ring_if_due
from mood_platform.runs.endings import lock_run
from mood_platform.runs.node_health import let_out, lock_node, quarantine
from mood_platform.runs.parking import lock_parked, unpark
from mood_platform.runs.schedule import ring_for_waiting_work


def resume(tx: Transaction, *, run: Run, actor: str, reason: str = "") -> int:
    """Every parked case of a Run is tried again, as if it had never failed; gives their number.

    So is its report, or its results, where that failed.
    """
    reason = checked_words("reason", reason)
    locked = _lock_waiting(tx, run)
    if locked.held_since is not None:
        raise Conflict(
            "The run is held: running its image made nodes fail.",
            remedy="Decide whose fault it is: mood admin decide RUN team, or ours.",
        )
    count = _unpark_all(tx, locked)
    audit(tx, actor=actor, action="run.resume", subject=subject_of("run", run), reason=reason)
    return count


def decide_team(tx: Transaction, *, run: Run, actor: str, reason: str) -> int:
    """The image is at fault: every parked case of the held Run counts as crashed; gives their number."""
    reason = require_reason("run.decide", reason)
    locked = _lock_held(tx, run)
    parked = lock_parked(tx, run=locked)
    for case_run in parked:
        if case_run.prediction_key is None:
            case_run.advance(CaseRunState.CRASHED, now=tx.now, reason=FailureReason.BROKE_NODE)
        else:
            unpark(tx, case_run=case_run)
    _let_go(tx, locked)
    tx.enqueue(ScoreRun(run.id))
    _write_down(tx, run, "team", actor, reason)
    return len(parked)


def decide_ours(tx: Transaction, *, run: Run, actor: str, reason: str) -> int:
    """The image is not at fault: every parked case of the held Run is tried again; gives their number."""
    reason = require_reason("run.decide", reason)
    locked = _lock_held(tx, run)
    _let_go(tx, locked)
    count = _unpark_all(tx, locked)
    _write_down(tx, run, "ours", actor, reason)
    return count


def quarantine_node(tx: Transaction, *, name: str, actor: str, reason: str) -> None:
    """It gets no case until an organizer releases it; the one that runs there ends by itself."""
    reason = require_reason("node.quarantine", reason)
    node = _lock_known(tx, name)
    quarantine(tx, node, why=reason, by=actor)
    audit(tx, actor=actor, action="node.quarantine", subject=subject_of("node", node), reason=reason)


def release_node(tx: Transaction, *, name: str, actor: str, reason: str) -> None:
    """Its self-test comes before its next case; what it parked is queued again once it is out."""
    reason = require_reason("node.release", reason)
    node = _lock_known(tx, name)
    if node.health is not Health.QUARANTINED:
        raise Conflict(f"Node {name} is not quarantined.", remedy="mood admin nodes says how each one is.")
    let_out(tx, node, health=Health.UNTRIED)
    node.quarantines = 0
    audit(tx, actor=actor, action="node.release", subject=subject_of("node", node), reason=reason)


def _lock_known(tx: Transaction, name: str) -> KnownNode:
    node = lock_node(tx, name=name)
    if node is None:
        raise NotFound(f"There is no node {name}.", remedy="mood admin nodes lists them.")
    return node


def _lock_waiting(tx: Transaction, run: Run) -> Run:
    locked = lock_run(tx, run.id)
    if locked is None or not locked.state.live or locked.parked_told_at is None:
        raise Conflict("The run waits for no decision.", remedy="mood admin status lists the runs that do.")
    return locked


def _lock_held(tx: Transaction, run: Run) -> Run:
    locked = lock_run(tx, run.id)
    if locked is None or not locked.state.live or locked.held_since is None:
        raise Conflict(
            "The run is not held: nobody suspects its image.",
            remedy="Try its parked cases again (mood admin resume), or end it (mood admin cancel).",
        )
    return locked


def _let_go(tx: Transaction, run: Run) -> None:
    """The Run is held no more, and its Image stands where it stood before the first fault."""
    run.held_since, run.held_why, run.parked_told_at = None, "", None
    mine = select(Image).join(Submission, Submission.image_id == Image.id)
    image = tx.session.scalars(mine.where(Submission.id == run.submission_id).with_for_update(of=Image)).one()
    image.blamed, image.suspect_since = [], None


def _unpark_all(tx: Transaction, run: Run) -> int:
    parked = lock_parked(tx, run=run)
    for case_run in parked:
        unpark(tx, case_run=case_run)
    run.parked_told_at, run.scoring_attempt = None, 0
    tx.session.flush()
    ring_for_waiting_work(tx)
    ring_if_due(tx, run_id=run.id)
    return len(parked)


def _write_down(tx: Transaction, run: Run, whose: str, actor: str, reason: str) -> None:
    subject = subject_of("run", run)
    audit(tx, actor=actor, action="run.decide", subject=subject, reason=reason, data={"whose": whose})
