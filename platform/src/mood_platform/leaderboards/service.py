"""Drafts a leaderboard from scored Runs and publishes it as an immutable version."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

from mood_evaluator import Task, canonical_digest
from mood_platform.accounts.audit import audit, subject_of
from mood_platform.challenges.locking import lock_rules_alone
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict
from mood_platform.leaderboards.document import write_document
from mood_platform.leaderboards.queries import latest_published
from mood_platform.leaderboards.selection import find_pending, select_contenders
from mood_platform.models import Challenge, Json, Leaderboard
from mood_platform.storage.store import ObjectStore

BOOTSTRAPS, SEED = 1000, 2020


def draft(
    tx: Transaction,
    *,
    challenge: Challenge,
    task: Task,
    store: ObjectStore,
    bootstraps: int = BOOTSTRAPS,
    seed: int = SEED,
) -> Json:
    """What publishing now would say, with the Submissions it would have to wait for; organizers only."""
    contenders = select_contenders(tx, challenge=challenge, task=task)
    document = write_document(
        tx,
        challenge=challenge,
        task=task,
        contenders=contenders,
        store=store,
        bootstraps=bootstraps,
        seed=seed,
    )
    waiting = find_pending(tx, challenge=challenge, task=task)
    pending = [{"team": row.team.slug, "submission": row.number} for row in waiting]
    return {**document, "pending": pending}


def publish(
    tx: Transaction,
    *,
    challenge: Challenge,
    task: Task,
    actor: str,
    store: ObjectStore,
    note: str = "",
    bootstraps: int = BOOTSTRAPS,
    seed: int = SEED,
) -> Leaderboard:
    """Make the draft the next version: numbered, hashed, naming its predecessor's hash; never changed."""
    lock_rules_alone(tx, challenge_id=challenge.id)
    document = draft(tx, challenge=challenge, task=task, store=store, bootstraps=bootstraps, seed=seed)
    _check_complete(document)
    previous = latest_published(tx, challenge=challenge, task=task)
    document |= {
        "version": previous.version + 1 if previous else 1,
        "previous_digest": previous.digest if previous else None,
        "published_at": rfc3339(tx.now),
        "note": note,
    }
    document["digest"] = canonical_digest(document)
    row = _store(tx, challenge=challenge, task=task, actor=actor, document=document, store=store)
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


def leaderboard_key(leaderboard_id: UUID) -> str:
    return f"leaderboards/{leaderboard_id}.json"


def _check_complete(document: Json) -> None:
    """A Submission in time counts whenever it finishes, so nothing is published over its head."""
    pending = document.pop("pending")
    if pending:
        waiting = ", ".join(f"{entry['team']} #{entry['submission']}" for entry in pending)
        raise Conflict(f"Runs that count are not over: {waiting}.", remedy="Wait for them, or cancel them.")
    if not document["rows"]:
        raise Conflict("No submission has a scored run.", remedy="Publish when there is something to show.")


def _store(
    tx: Transaction, *, challenge: Challenge, task: Task, actor: str, document: Json, store: ObjectStore
) -> Leaderboard:
    """The object first, then the row."""
    row = Leaderboard(
        id=uuid4(),
        challenge_id=challenge.id,
        task=task,
        version=document["version"],
        document=document,
        digest=document["digest"],
        previous_digest=document["previous_digest"],
        published_at=tx.now,
        published_by=actor,
        note=document["note"],
    )
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    store.put_bytes(leaderboard_key(row.id), text.encode())
    tx.session.add(row)
    tx.session.flush()
    return row
