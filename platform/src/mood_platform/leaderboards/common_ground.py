"""What all rows of a leaderboard must share to be compared: test sets, scoring version, rules of scoring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from mood_evaluator import Dataset, Manifest, canonical_digest
from mood_platform.challenges.config import rules_of
from mood_platform.db.transaction import Transaction
from mood_platform.documents.run_results import RunResults
from mood_platform.errors import Conflict
from mood_platform.leaderboards.selection import Contender
from mood_platform.models import TestSet
from mood_platform.runs.dropped import Dropped

Results = Mapping[str, RunResults]
"""By contender's key."""
RESCORE = "Score all runs again on the same ground with `mood admin rescore`."
RERUN = "Void the runs that differ, and run their submissions again under the rules of the others."


def read_manifests(
    tx: Transaction, contenders: Sequence[Contender], results: Results
) -> dict[Dataset, Manifest]:
    """The one test set of each Dataset; entries that were scored on different versions cannot be compared."""
    digests: dict[Dataset, str] = {}
    for contender in contenders:
        for dataset, digest in results[contender.key].digests.items():
            if digests.setdefault(dataset, digest) != digest:
                raise Conflict(
                    f"{_name(contender)} was scored on another {dataset} test set than the others.",
                    remedy=f"{RESCORE} If its scans are others too: {RERUN[0].lower()}{RERUN[1:]}",
                )
    stored = tx.session.scalars(select(TestSet).where(TestSet.digest.in_(digests.values())))
    found = {row.digest: Manifest.from_json(row.manifest) for row in stored}
    return {dataset: found[digest] for dataset, digest in sorted(digests.items())}


def check_same_scoring(contenders: Sequence[Contender], results: Results) -> None:
    """One version of all numbers, one set of scoring rules."""
    _check_same(contenders, lambda key: results[key].scoring_version, "by another scoring version", RESCORE)
    _check_same(contenders, lambda key: rules_of(results[key].scoring), "under other rules", RERUN)


def check_same_cases(contenders: Sequence[Contender], results: Results, dropped: Dropped) -> None:
    """A case that counts for nobody is in no result, one that counts is in all."""
    for contender in contenders:
        if results[contender.key].dropped != dropped.ids:
            raise Conflict(
                f"{_name(contender)} was scored before it was decided which cases are dropped.",
                remedy=RESCORE,
            )


def most_common(documents: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The limits or rules that most Runs had; None without a Run."""
    seen = [(canonical_digest(document), document) for document in documents]
    counts = Counter(digest for digest, _ in seen)
    return max(seen, key=lambda one: (counts[one[0]], one[0]))[1] if seen else None


def _check_same(contenders: Sequence[Contender], ground: Callable[[str], Any], how: str, remedy: str) -> None:
    for contender in contenders:
        if ground(contender.key) != ground(contenders[0].key):
            first = contenders[0]
            raise Conflict(
                f"{_name(contender)} was scored {how} than {_name(first)}: "
                f"{ground(contender.key)}, not {ground(first.key)}.",
                remedy=remedy,
            )


def _name(contender: Contender) -> str:
    return f"{contender.key} #{contender.submission.number}"
