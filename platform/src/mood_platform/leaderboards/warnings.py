"""What an organizer should think about before publishing; each a sentence, none of it published."""

from __future__ import annotations

from collections.abc import Iterator

from mood_evaluator import SCORING_VERSION, Flag
from mood_platform.challenges.queries import newest_test_set
from mood_platform.challenges.window import takes_until
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.leaderboards.common_ground import most_common
from mood_platform.leaderboards.document import Ground
from mood_platform.models import Challenge


def find_warnings(tx: Transaction, *, challenge: Challenge, ground: Ground) -> list[str]:
    return [
        *_still_open(tx, challenge),
        *_older_test_sets(tx, ground),
        *_older_scoring(ground),
        *_other_limits(ground),
        *_lossy_scores(ground),
        *_suspicions(ground),
    ]


def _still_open(tx: Transaction, challenge: Challenge) -> Iterator[str]:
    if tx.now < takes_until(challenge):
        yield (
            f"The challenge takes submissions until {rfc3339(takes_until(challenge))}: "
            "teams that can still submit would learn hidden scores."
        )


def _older_test_sets(tx: Transaction, ground: Ground) -> Iterator[str]:
    for dataset, manifest in ground.manifests.items():
        newest = newest_test_set(tx, manifest.name)
        if newest.digest != manifest.digest:
            yield (
                f"The {dataset} test set {manifest.name} was corrected at {rfc3339(newest.installed_at)}; "
                "these scores are those of an older version. Score them again: mood admin rescore."
            )


def _older_scoring(ground: Ground) -> Iterator[str]:
    older = {found.scoring_version for found in ground.results.values()} - {SCORING_VERSION}
    if older:
        yield (
            f"The scores are those of scoring version {min(older)}, ranks and intervals those of "
            f"{SCORING_VERSION}. Score them again to have all of one: mood admin rescore."
        )


def _other_limits(ground: Ground) -> Iterator[str]:
    usual = most_common(found.limits for found in ground.results.values())
    others = [key for key, found in ground.results.items() if found.limits != usual]
    if others:
        yield f"These entries ran under other limits than most: {', '.join(sorted(others))}."


def _lossy_scores(ground: Ground) -> Iterator[str]:
    """Scores that a float16 cast, as in the published evaluation, would change."""
    for key, dataset in ground.cells:
        result = ground.results[key].parts[dataset].result
        if (lossy := result.lossy) and result.object_sensitivity is None:
            more = ", and its interval is made from these" if ground.is_rounded(key, dataset) else ""
            yield f"{key}, {dataset}: the score of {' and '.join(lossy)} is not the exact one{more}."


def _suspicions(ground: Ground) -> Iterator[str]:
    """Which no team reads: they tell of hidden cases."""
    for key, dataset in ground.cells:
        part = ground.results[key].parts[dataset]
        for suspicion in part.result.suspicions:
            yield f"{key}, {dataset}: {suspicion.text}"
        for flag in (Flag.SQUEEZED, Flag.FEW_SCORES):
            flagged = [case for case in part.cases.values() if flag in case.flags]
            if flagged:
                yield f"{key}, {dataset}, {len(flagged)} of {len(part.cases)} cases: {flag.text}"
