"""The replicates that a draft reads: of the results that count, of the scoring version that runs here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from mood_evaluator import SCORING_VERSION
from mood_platform.db.transaction import Transaction
from mood_platform.documents.replicates import LARGEST, RunReplicates
from mood_platform.models import Replicates
from mood_platform.storage.store import ObjectStore


@dataclass(frozen=True, slots=True)
class StoredReplicates:
    """By contender's key."""

    made: Mapping[str, RunReplicates]
    missing: Mapping[str, str]
    """Being made; with the problem of the last attempt, where there was one."""


def read_replicates(tx: Transaction, *, results: Mapping[str, str], store: ObjectStore) -> StoredReplicates:
    """`results` has the keys of the results by contender."""
    query = select(Replicates).where(
        Replicates.results_key.in_(results.values()), Replicates.scoring_version == SCORING_VERSION
    )
    rows = {row.results_key: row for row in tx.session.scalars(query)}
    made: dict[str, RunReplicates] = {}
    missing: dict[str, str] = {}
    for name, results_key in results.items():
        row = rows.get(results_key)
        if row is None or row.key is None:
            missing[name] = "" if row is None else row.problem
        else:
            made[name] = read_stored(store, row.key)
    return StoredReplicates(made, missing)


def read_stored(store: ObjectStore, key: str) -> RunReplicates:
    return RunReplicates.from_json(json.loads(store.read(key, limit=LARGEST)), place=key)
