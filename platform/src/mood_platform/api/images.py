"""Images of the asking team, and what intake found."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from mood_platform.serving.dependencies import Me, Tx
from mood_platform.serving.pages import PAGE, decode_cursor, next_cursor
from mood_platform.serving.submission_view import view_image
from mood_platform.serving.views import ImageView, Page
from mood_platform.submissions.queries import find_image, list_images

router = APIRouter(tags=["images"])


@router.get("/images")
def read_images(tx: Tx, me: Me, cursor: str | None = None) -> Page[ImageView]:
    """Your team's images, newest first."""
    rows = list_images(tx, team=me.require_team(), limit=PAGE, before=decode_cursor(cursor))
    onward = next_cursor([(row.created_at, row.id) for row in rows])
    return Page(items=[view_image(row) for row in rows], next_cursor=onward)


@router.get("/images/{image_id}")
def read_image(image_id: UUID, tx: Tx, me: Me) -> ImageView:
    """Its state, digest, Tasks it can run, or why it was rejected."""
    return view_image(find_image(tx, team=me.require_team(), image_id=image_id))
