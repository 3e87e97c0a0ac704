"""Builds what a team sees of the bytes it keeps: nothing of it comes from hidden cases."""

from __future__ import annotations

from mood_platform.db.transaction import Transaction
from mood_platform.keeping.ledger import team_storage
from mood_platform.models import Team
from mood_platform.settings import Settings
from mood_platform.views.participant import StorageView


def view_storage(tx: Transaction, team: Team, settings: Settings) -> StorageView:
    found = team_storage(tx, team_id=team.id, limit=settings.storage.team_bytes)
    return StorageView(images=found.images, toy=found.toy, used=found.used, limit=found.limit)
