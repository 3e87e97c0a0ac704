"""Images of the asking team, and what intake found."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from mood_platform.http.cursors import PAGE, decode_cursor, next_cursor
from mood_platform.http.dependencies import Me, Tx, World
from mood_platform.submissions.queries import find_image, list_images
from mood_platform.submissions.removal import remove_own_image
from mood_platform.views.participant import ImageView, Page, StorageView
from mood_platform.views.storage import view_storage
from mood_platform.views.submission import view_image

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


@router.delete("/images/{image_id}")
def delete_image(image_id: UUID, tx: Tx, me: Me) -> ImageView:
    """Make room: the archive goes, with what its toy cases left; refused while a challenge needs it."""
    return view_image(remove_own_image(tx, principal=me, image_id=image_id))


@router.get("/storage")
def read_storage(tx: Tx, context: World, me: Me) -> StorageView:
    """What your team keeps and may keep: images unpacked, and what toy cases left."""
    return view_storage(tx, me.require_team(), context.settings)
