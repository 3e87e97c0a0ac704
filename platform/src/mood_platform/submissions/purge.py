"""Forgets uploads that were not finished in time, and deletes files that no live upload needs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from mood_platform.db.transaction import Transaction
from mood_platform.models import Upload, UploadState
from mood_platform.storage.inbox import Inbox

UNDECIDED = timedelta(days=1)
"""What is younger may belong to an upload that is being committed, or checked, right now."""
LIVE = (UploadState.RECEIVING, UploadState.COMPLETE)


def purge_uploads(tx: Transaction, *, inbox: Inbox) -> int:
    """How many files were deleted; to be called now and then."""
    here = set(inbox.names())
    late = select(Upload).where(Upload.state == UploadState.RECEIVING, Upload.expires_at <= tx.now)
    for upload in tx.session.scalars(late.with_for_update(key_share=True, skip_locked=True)):
        upload.advance(UploadState.EXPIRED, now=tx.now)
    live = tx.session.scalars(select(Upload.id).where(Upload.state.in_(LIVE)))
    return inbox.clear(here - {str(upload_id) for upload_id in live}, before=tx.now - UNDECIDED)
