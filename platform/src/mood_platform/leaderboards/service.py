"""Drafts a leaderboard from scored Runs and publishes it as an immutable version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from mood_evaluator import Dataset, Task, canonical_digest
from mood_platform.accounts.audit import audit, subject_of
from mood_platform.accounts.reasons import checked_words
from mood_platform.challenges.locking import lock_rules_alone
from mood_platform.challenges.window import takes_until
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.documents.changes import ChangedIds, Changes
from mood_platform.documents.draft import Draft, ParkedCase, PendingRescoring, PendingRun
from mood_platform.documents.leaderboard import Board, PublishedBoard
from mood_platform.errors import Conflict
from mood_platform.leaderboards.changes import changed_versions, describe_changes, installed_manifests
from mood_platform.leaderboards.document import Ground, write_document
from mood_platform.leaderboards.drop_draft import describe_proposal
from mood_platform.leaderboards.ground import describe_missing, read_ground
from mood_platform.leaderboards.parked import parked_cases
from mood_platform.leaderboards.queries import latest_published
from mood_platform.leaderboards.scorings import CountingResults, find_counting_results, waiting_in
from mood_platform.leaderboards.selection import find_pending, select_contenders
from mood_platform.leaderboards.warnings import find_warnings
from mood_platform.models import Challenge, Leaderboard, Submission
from mood_platform.runs.queries import has_parked_cases
from mood_platform.storage.keys import leaderboard_key
from mood_platform.storage.store import ObjectStore


def draft(tx: Transaction, *, challenge: Challenge, task: Task, store: ObjectStore) -> Draft:
    """What publishing now would say, what it would change, and what it would have to wait for.

    With what a proposal to drop cases would change, where there is one.
    """
    board = _compose(tx, challenge=challenge, task=task, store=store)
    drop = describe_proposal(tx, challenge=challenge, task=task, board=board, store=store)
    return replace(board, drop=drop)


def _compose(tx: Transaction, *, challenge: Challenge, task: Task, store: ObjectStore) -> Draft:
    # Before the contenders: a Run that ends from here on is waited for, or one of them, and never neither.
    waiting = find_pending(tx, challenge=challenge, task=task)
    contenders = select_contenders(tx, challenge=challenge, task=task)
    counting = find_counting_results(tx, challenge=challenge, task=task, contenders=contenders)
    ground, replicates = read_ground(tx, contenders=contenders, counting=counting, store=store)
    board = write_document(ground, challenge=challenge, task=task)
    changes, changed = _changes(tx, challenge, task, ground, board)
    return Draft(
        **replace(board, rescoring=counting.rescoring, changes=changes).values,
        changed_cases=changed,
        pending=tuple(_pending(tx, row) for row in waiting),
        rescoring_pending=_rescoring_pending(counting),
        replicates_pending=describe_missing(contenders, replicates),
        warnings=tuple(find_warnings(tx, challenge=challenge, ground=ground)),
        drop=None,
    )


def _pending(tx: Transaction, submission: Submission) -> PendingRun:
    """The parked cases are those that may be dropped, for organizers."""
    return PendingRun(
        team=submission.team.handle,
        submission=submission.number,
        parked=has_parked_cases(tx, submission=submission),
        parked_cases=tuple(
            ParkedCase(dataset=one.dataset, case=one.case.case_id)
            for one in parked_cases(tx, submissions=[submission])
        ),
    )


def _changes(
    tx: Transaction, challenge: Challenge, task: Task, ground: Ground, board: Board
) -> tuple[Changes | None, Mapping[Dataset, ChangedIds]]:
    previous = latest_published(tx, challenge=challenge, task=task)
    if previous is None:
        return None, {}
    versions = changed_versions(previous, ground.manifests, installed_manifests(tx, previous))
    return describe_changes(previous, board, versions), versions


def _rescoring_pending(counting: CountingResults) -> PendingRescoring | None:
    if counting.running is None:
        return None
    waiting, runs = len(waiting_in(counting.running)), len(counting.running.scorings)
    return PendingRescoring(number=counting.running.number, waiting=waiting, runs=runs)


def publish(
    tx: Transaction,
    *,
    challenge: Challenge,
    task: Task,
    actor: str,
    store: ObjectStore,
    note: str = "",
    before_close: bool = False,
) -> Leaderboard:
    """Make the draft the next version: numbered, hashed, naming its predecessor's hash; never changed.

    It is computed before the Challenge is locked, so that nobody waits for it; what changed meanwhile has it
    computed once more.
    """
    note = checked_words("note", note)
    ground = _ground_of(tx, challenge, task)
    composed = _compose(tx, challenge=challenge, task=task, store=store)
    challenge = lock_rules_alone(tx, challenge_id=challenge.id)
    if _ground_of(tx, challenge, task) != ground:
        composed = _compose(tx, challenge=challenge, task=task, store=store)
    if tx.now < takes_until(challenge) and not before_close:
        raise Conflict(
            f"The challenge takes submissions until {rfc3339(takes_until(challenge))}: "
            "hidden scores would be known to teams that can still submit.",
            remedy="Wait, or say that you mean it: mood admin publish --before-close.",
        )
    _check_complete(composed)
    previous = latest_published(tx, challenge=challenge, task=task)
    board = PublishedBoard(
        **composed.values,
        version=previous.version + 1 if previous else 1,
        previous_digest=previous.digest if previous else None,
        published_at=rfc3339(tx.now),
        note=note,
    )
    row = _store(tx, challenge=challenge, actor=actor, board=board, store=store)
    data = {"version": row.version, "digest": row.digest}
    audit(
        tx,
        actor=actor,
        action="leaderboard.publish",
        subject=subject_of("leaderboard", row),
        reason=note,
        data=data,
    )
    return row


def _ground_of(tx: Transaction, challenge: Challenge, task: Task) -> Any:
    """What decides the rows, read anew from the database."""
    tx.session.flush()
    tx.session.expire_all()
    contenders = select_contenders(tx, challenge=challenge, task=task)
    counting = find_counting_results(tx, challenge=challenge, task=task, contenders=contenders)
    previous = latest_published(tx, challenge=challenge, task=task)
    return (
        [(one.submission.id, one.run.id, one.standing, counting.keys[one.key]) for one in contenders],
        [row.id for row in find_pending(tx, challenge=challenge, task=task)],
        counting.running and counting.running.number,
        previous and previous.digest,
    )


def _check_complete(draft: Draft) -> None:
    """A Submission in time counts whenever it finishes, so nothing is published over its head."""
    if parked := [entry for entry in draft.pending if entry.parked]:
        names = ", ".join(entry.title for entry in parked)
        raise Conflict(
            f"Runs that count have cases that we failed to run, which are parked: {names}.",
            remedy="Wait for them: mood admin status names the runs: resume, decide about or cancel each. "
            "Or drop the cases for everybody: mood admin drop-case.",
        )
    if draft.pending:
        waiting = ", ".join(entry.title for entry in draft.pending)
        raise Conflict(f"Runs that count are not over: {waiting}.", remedy="Wait for them, or cancel them.")
    if (rescoring := draft.rescoring_pending) is not None:
        raise Conflict(
            f"Rescoring {rescoring.number} is not over: {rescoring.told}.",
            remedy="Wait for it: mood admin rescorings --watch.",
        )
    if missing := draft.replicates_pending:
        names = ", ".join(one.title for one in missing)
        problems = "; ".join(sorted({one.problem for one in missing if one.problem}))
        raise Conflict(
            f"The intervals of these entries are being made: {names}.{problems and f' Problem: {problems}'}",
            remedy="Wait a minute; if a problem stays, remove it and score all again: mood admin rescore.",
        )
    if not draft.rows:
        raise Conflict("No submission has a scored run.", remedy="Publish when there is something to show.")


def _store(
    tx: Transaction, *, challenge: Challenge, actor: str, board: PublishedBoard, store: ObjectStore
) -> Leaderboard:
    """The object first, then the row."""
    document = board.to_json()
    row = Leaderboard(
        id=uuid4(),
        challenge_id=challenge.id,
        task=board.task,
        version=board.version,
        document=document,
        digest=canonical_digest(document),
        previous_digest=board.previous_digest,
        published_at=tx.now,
        published_by=actor,
        note=board.note,
    )
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    store.put_bytes(leaderboard_key(row.id), text.encode())
    tx.session.add(row)
    tx.session.flush()
    return row
