"""Builds what everybody may see of a Challenge: rules, and the public toy sets, never the hidden ones."""

from __future__ import annotations

from mood_evaluator import Dataset, Task
from mood_platform.challenges.queries import config_of, rule_changes, stage_test_sets
from mood_platform.challenges.window import is_open, phase_of
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Misconfigured
from mood_platform.models import Challenge, Entry, Stage, Team
from mood_platform.submissions.entries import find_entry
from mood_platform.submissions.quota import quota
from mood_platform.views.participant import (
    ChallengeView,
    EntryView,
    QuotaView,
    RuleChangeView,
    ToyTestSetView,
)


def view_challenge(tx: Transaction, challenge: Challenge, *, team: Team | None) -> ChallengeView:
    config = config_of(challenge)
    return ChallengeView(
        slug=challenge.slug,
        title=config.title,
        opens=challenge.opens,
        closes=challenge.closes,
        upload_grace_seconds=challenge.upload_grace_seconds,
        open=is_open(challenge, now=tx.now),
        phase=phase_of(challenge, now=tx.now),
        tasks=list(Task),
        datasets=[dataset for dataset in Dataset if dataset in config.stages[Stage.CHALLENGE]],
        limits=config.limits.to_json(),
        challenge_submissions=config.quota.challenge,
        attempts=config.quota.attempts,
        entry_open=config.entry.open,
        unbounded_teams=config.entry.unbounded,
        entry=_view_entry_of(tx, team, challenge),
        quota=view_quota(tx, team, challenge) if team else None,
        toy_test_sets=_toy_test_sets(tx, challenge),
        changes=[
            RuleChangeView(at=event.at, reason=event.reason, lines=event.data["lines"])
            for event in rule_changes(tx, challenge)
        ],
    )


def view_entry(entry: Entry, challenge: Challenge) -> EntryView:
    return EntryView(
        challenge=challenge.slug,
        state=entry.state,
        asked_at=entry.asked_at,
        decided_at=entry.decided_at,
        reason=entry.reason,
    )


def _view_entry_of(tx: Transaction, team: Team | None, challenge: Challenge) -> EntryView | None:
    entry = find_entry(tx, team=team, edition=challenge) if team else None
    return view_entry(entry, challenge) if entry else None


def view_quota(tx: Transaction, team: Team, challenge: Challenge) -> QuotaView:
    used = quota(tx, team=team, challenge=challenge)
    return QuotaView(
        used=used.used,
        limit=used.limit,
        attempts=used.attempts,
        attempts_limit=used.attempts_limit,
        left=used.left,
    )


def _toy_test_sets(tx: Transaction, challenge: Challenge) -> list[ToyTestSetView]:
    """Empty until an organizer has imported them."""
    try:
        by_dataset = stage_test_sets(tx, challenge, Stage.TOY)
    except Misconfigured:
        return []
    return [
        ToyTestSetView(
            name=test_set.name,
            dataset=test_set.dataset,
            digest=test_set.digest,
            archive=f"/api/v1/test-sets/{test_set.name}/archive",
        )
        for test_sets in by_dataset.values()
        for test_set in test_sets
        if test_set.public
    ]
