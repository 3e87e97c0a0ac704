"""Reads what a leaderboard's rows are made of, and checks that they can be compared."""

from __future__ import annotations

from collections.abc import Sequence

from mood_platform.db.transaction import Transaction
from mood_platform.documents.draft import PendingReplicates
from mood_platform.leaderboards.common_ground import check_same_cases, check_same_scoring, read_manifests
from mood_platform.leaderboards.document import Ground
from mood_platform.leaderboards.scorings import CountingResults
from mood_platform.leaderboards.selection import Contender
from mood_platform.leaderboards.stored_replicates import StoredReplicates, read_replicates
from mood_platform.scoring.results import read_results
from mood_platform.storage.store import ObjectStore


def read_ground(
    tx: Transaction, *, contenders: Sequence[Contender], counting: CountingResults, store: ObjectStore
) -> tuple[Ground, StoredReplicates]:
    """With the replicates that are still being made."""
    results = {key: read_results(store, counting.keys[key]) for key in counting.keys}
    manifests = read_manifests(tx, contenders, results)
    check_same_scoring(contenders, results)
    check_same_cases(contenders, results, counting.dropped)
    replicates = read_replicates(tx, results=counting.keys, store=store)
    return Ground(contenders, results, manifests, replicates.made, counting.dropped), replicates


def describe_missing(
    contenders: Sequence[Contender], found: StoredReplicates
) -> tuple[PendingReplicates, ...]:
    """Entries whose intervals are being made."""
    return tuple(
        PendingReplicates(team=one.key, submission=one.submission.number, problem=found.missing[one.key])
        for one in contenders
        if one.key in found.missing
    )
