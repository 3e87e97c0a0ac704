"""Removes what a Run left, one kind at a time: hashed and written down first, then deleted. Repeatable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, update

from mood_platform.accounts.audit import PLATFORM, audit, subject_of
from mood_platform.challenges.locking import lock_rules
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import NotFound
from mood_platform.keeping.holds import held_now
from mood_platform.keeping.moments import Editions
from mood_platform.models import (
    CaseRun,
    KeptKind,
    KeptObject,
    Run,
    RunScoring,
    RunState,
    ScoringState,
    Submission,
)
from mood_platform.queueing import JobQueue
from mood_platform.runs.endings import lock_run
from mood_platform.storage.keys import is_named, run_folder
from mood_platform.storage.store import ObjectStore

OVER = (RunState.SCORED, RunState.FAILED, RunState.CANCELLED)
RULE_OF = {KeptKind.PREDICTION: "predictions", KeptKind.LOG: "logs"}
REMOVED_AT = {KeptKind.PREDICTION: Run.predictions_removed_at, KeptKind.LOG: Run.logs_removed_at}


@dataclass(frozen=True, slots=True)
class Due:
    """What of one Run has come to its end."""

    run_id: UUID
    kind: KeptKind


@dataclass(frozen=True, slots=True)
class Removed:
    objects: int
    size: int
    """Bytes."""


def due_leftovers(tx: Transaction, editions: Editions) -> Iterator[Due]:
    """Runs that are over, past their edition's rule, and neither held nor being scored again."""
    held = held_now(tx)
    for kind, removed_at in REMOVED_AT.items():
        query = (
            select(Run, Submission)
            .join(Submission, Run.submission_id == Submission.id)
            .where(Run.state.in_(OVER), or_(removed_at.is_(None), _has(kind)), ~_scored_again())
            .order_by(Run.created_at, Run.id)
        )
        for run, submission in tx.session.execute(query):
            rule = getattr(editions.rules[submission.challenge_id], RULE_OF[kind])
            ends = None if rule is None else editions.run_ends(rule, run, submission)
            where = {"team_id": submission.team_id, "challenge_id": submission.challenge_id}
            if ends is not None and ends <= tx.now and not held.covers(run_id=run.id, **where):
                yield Due(run.id, kind)


def weigh(tx: Transaction, due: Sequence[Due]) -> Removed:
    """How many objects these are, and their bytes as far as they are known."""
    objects = [one for part in due for one in objects_of(tx, run_id=part.run_id, kind=part.kind)]
    return Removed(len(objects), sum(one.size or 0 for one in objects))


def remove_leftovers(sessions: Sessions, queue: JobQueue, store: ObjectStore, due: Due) -> Removed:
    """The row says so before the object goes: what a kill in between leaves, the next round finds."""
    with transaction(sessions, queue) as tx:
        rows = objects_of(tx, run_id=due.run_id, kind=due.kind)
        known = {row.key: (row.size, row.sha256) for row in rows}
    facts = {key: found if None not in found else _read_facts(store, key) for key, found in known.items()}
    with transaction(sessions, queue) as tx:
        if not _mark(tx, due, facts):
            return Removed(0, 0)
    for key in _keys(store, due, spared=_spared(sessions, queue, due)):
        store.delete(key)
    return Removed(len(facts), sum(size or 0 for size, _ in facts.values()))


def objects_of(tx: Transaction, *, run_id: UUID, kind: KeptKind) -> Sequence[KeptObject]:
    """What is there and may go."""
    return tx.session.scalars(select(KeptObject).where(KeptObject.run_id == run_id, *_may_go(kind))).all()


def _may_go(kind: KeptKind) -> tuple[ColumnElement[bool], ...]:
    """A prediction that ended its reader in a way nobody foresaw stays until a rescoring has read it."""
    unforeseen = exists().where(CaseRun.id == KeptObject.case_run_id, CaseRun.unforeseen.is_not(None))
    kept = (KeptObject.kind == kind, KeptObject.removed_at.is_(None))
    return (*kept, ~unforeseen) if kind is KeptKind.PREDICTION else kept


def _has(kind: KeptKind) -> ColumnElement[bool]:
    """What could not go with the rest of its Run, and can now."""
    return exists().where(KeptObject.run_id == Run.id, *_may_go(kind))


def _mark(tx: Transaction, due: Due, facts: dict[str, tuple[int | None, str | None]]) -> bool:
    """Under the lock that a rescoring takes: it finds the predictions, or reads that they are gone."""
    run = tx.session.get_one(Run, due.run_id)
    lock_rules(tx, submission_id=run.submission_id)
    locked = lock_run(tx, due.run_id)
    submission = tx.session.get_one(Submission, run.submission_id)
    where = {"team_id": submission.team_id, "challenge_id": submission.challenge_id}
    again = tx.session.scalar(select(Run.id).where(Run.id == due.run_id, _scored_again()))
    if locked is None or again is not None or held_now(tx).covers(run_id=run.id, **where):
        return False
    for key, (size, sha256) in facts.items():
        values = {"size": size, "sha256": sha256, "removed_at": tx.now}
        tx.session.execute(update(KeptObject).where(KeptObject.key == key).values(**values))
    if due.kind is KeptKind.PREDICTION:
        locked.predictions_removed_at = tx.now
    else:
        locked.logs_removed_at = tx.now
    data = {"objects": len(facts), "bytes": sum(size or 0 for size, _ in facts.values())}
    action = f"run.remove_{RULE_OF[due.kind]}"
    audit(tx, actor=PLATFORM, action=action, subject=subject_of("run", locked), data=data)
    return True


def _scored_again() -> ColumnElement[bool]:
    return exists().where(RunScoring.run_id == Run.id, RunScoring.state == ScoringState.QUEUED)


def _keys(store: ObjectStore, due: Due, *, spared: set[str]) -> list[str]:
    """Of all attempts: one whose claim was lost left objects that no row names."""
    names = (due.kind.value, "positives") if due.kind is KeptKind.PREDICTION else (due.kind.value,)
    found = store.keys(run_folder(due.run_id))
    return [key for key in found if is_named(key, *names) and key not in spared]


def _spared(sessions: Sessions, queue: JobQueue, due: Due) -> set[str]:
    """What a row still keeps."""
    mine = (KeptObject.run_id == due.run_id, KeptObject.kind == due.kind, KeptObject.removed_at.is_(None))
    with transaction(sessions, queue) as tx:
        return set(tx.session.scalars(select(KeptObject.key).where(*mine)))


def _read_facts(store: ObjectStore, key: str) -> tuple[int | None, str | None]:
    """Of an object that was stored before sizes and hashes were written down; None where it is gone."""
    try:
        with store.local(key) as path, path.open("rb") as stream:
            return path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()
    except NotFound:
        return None, None
