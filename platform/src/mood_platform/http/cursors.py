"""Cursors of lists: opaque to callers, and only as trusted as anything a caller sends."""

from __future__ import annotations

import base64
from datetime import datetime
from uuid import UUID

from mood_platform.errors import Invalid

PAGE = 50
Position = tuple[datetime, UUID]


def encode_cursor(position: Position) -> str:
    moment, row_id = position
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{row_id}".encode()).decode()


def decode_cursor(cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        moment, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        return datetime.fromisoformat(moment), UUID(row_id)
    except ValueError:
        raise Invalid(
            "Field cursor: it is none of ours.", remedy="Send next_cursor of the page before."
        ) from None


def next_cursor(positions: list[Position], *, page: int = PAGE) -> str | None:
    """None when the list ended: a full page may have a next one."""
    return encode_cursor(positions[-1]) if len(positions) == page else None
