"""Who is well: what the database knows of each Node, who is suspected after a fault, who is quarantined.

Rows are locked in one order: Run, CaseRun, Image, Node. Nobody can wait in a circle then.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from mood_platform.db.transaction import Transaction
from mood_platform.models import Health, Json, KnownNode, Stage

LIVING_LEASES = 3
"""A Node that was not seen for so many leases is taken for dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What a slot says of itself: its name, where it is, what it takes."""

    name: str
    machine: str
    stages: Collection[Stage]
    facts: Json


def see(tx: Transaction, presence: Presence) -> None:
    """The Node is there: its row is made, or its time is set; nothing else is waited for."""
    said = {
        "machine": presence.machine,
        "stages": sorted(map(str, presence.stages)),
        "facts": presence.facts,
        "seen_at": tx.now,
    }
    new = {
        "name": presence.name,
        "health": Health.UNTRIED,
        "health_since": tx.now,
        "fault_teams": [],
        "quarantines": 0,
        "quarantine_why": "",
        "test_problem": "",
    }
    row = insert(KnownNode).values(**said, **new)
    tx.session.execute(row.on_conflict_do_update(index_elements=["name"], set_=said))


def living(tx: Transaction, *, stage: Stage, lease_seconds: float) -> list[str]:
    """Names of the Nodes that take such cases, are not quarantined, and were seen within some leases."""
    since = tx.now - timedelta(seconds=LIVING_LEASES * lease_seconds)
    seen = select(KnownNode.name).where(
        KnownNode.seen_at > since,
        KnownNode.health != Health.QUARANTINED,
        KnownNode.stages.contains([str(stage)]),
    )
    return list(tx.session.scalars(seen.order_by(KnownNode.name)))


def is_quarantined(tx: Transaction, *, name: str) -> bool:
    health = select(KnownNode.health).where(KnownNode.name == name)
    return tx.session.scalar(health) is Health.QUARANTINED
