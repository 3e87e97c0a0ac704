"""Removes this node's containers and volumes whose claim is not live: what a killed worker left running."""

from __future__ import annotations

from uuid import UUID

from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.execution.runtime import ContainerRuntime
from mood_platform.queueing import JobQueue
from mood_platform.runs.claims import live_claims


def reap(sessions: Sessions, queue: JobQueue, runtime: ContainerRuntime, *, instance: str) -> int:
    """Remove what is left of dead claims; gives their number. Reaping twice removes nothing more."""
    present = runtime.claims(instance=instance)
    if not present:
        return 0
    by_id = {claim_id: _uuid(claim_id) for claim_id in present}
    with transaction(sessions, queue) as tx:
        live = live_claims(tx, claim_ids=[claim_id for claim_id in by_id.values() if claim_id is not None])
    dead = sorted(name for name, claim_id in by_id.items() if claim_id not in live)
    for name in dead:
        runtime.remove_claim(name)
    return len(dead)


def _uuid(name: str) -> UUID | None:
    """A label that is no claim id cannot be live."""
    try:
        return UUID(name)
    except ValueError:
        return None
