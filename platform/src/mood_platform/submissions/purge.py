"""Forgets uploads that were not finished in time, and deletes files that no live upload needs."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from mood_platform.db.transaction import Transaction
from mood_platform.models import Upload, UploadState

UNDECIDED = timedelta(days=1)
"""What is younger may belong to an upload that is being committed, or checked, right now."""
LIVE = (UploadState.RECEIVING, UploadState.COMPLETE)


def purge_uploads(tx: Transaction, *, root: Path) -> int:
    """How many files below `root`/uploads were deleted; to be called now and then."""
    folder = root / "uploads"
    on_disk = list(folder.iterdir()) if folder.is_dir() else []
    late = select(Upload).where(Upload.state == UploadState.RECEIVING, Upload.expires_at <= tx.now)
    for upload in tx.session.scalars(late.with_for_update(key_share=True, skip_locked=True)):
        upload.advance(UploadState.EXPIRED, now=tx.now)
    live = {
        str(upload_id) for upload_id in tx.session.scalars(select(Upload.id).where(Upload.state.in_(LIVE)))
    }
    over = [path for path in on_disk if path.name not in live and _is_older(path, tx.now - UNDECIDED)]
    for path in over:
        _remove(path)
    return len(over)


def _remove(path: Path) -> None:
    """A file, or the folder of a check that died."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_older(path: Path, moment: datetime) -> bool:
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False
