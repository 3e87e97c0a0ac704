"""Which edition pages are about: the one asked for, else the newest that has opened."""

from __future__ import annotations

from mood_platform.challenges.queries import find_challenge, list_challenges
from mood_platform.db.transaction import Transaction
from mood_platform.models import Challenge


def find_current_challenge(tx: Transaction, *, slug: str | None = None) -> Challenge | None:
    if slug is not None:
        return find_challenge(tx, slug=slug)
    challenges = list_challenges(tx)
    opened = [challenge for challenge in challenges if challenge.opens <= tx.now]
    known = opened or challenges
    return known[-1] if known else None
