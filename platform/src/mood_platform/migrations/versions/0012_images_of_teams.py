"""an image belongs to a team and to no edition; equal images of one team are one

Duplicates are merged into the earliest: submissions and uploads follow, and what was published names
images by their digest, which stays. Uploads lose the edition they were sent to: nothing asks for it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UPLOADS_LEAD_TO_IMAGES = "UPDATE uploads SET image_id = images.id FROM images WHERE images.upload_id = uploads.id"
EARLIEST = """
CREATE TEMPORARY TABLE merged ON COMMIT DROP AS
SELECT id AS old,
       first_value(id) OVER same AS kept,
       first_value(id) OVER (
           PARTITION BY team_id, digest
           ORDER BY duplicate_of IS NOT NULL, removed_at IS NOT NULL, created_at DESC, id) AS newest,
       min(upload_begun_at) OVER (PARTITION BY team_id, digest) AS begun
FROM images WHERE digest IS NOT NULL AND state = 'accepted'
WINDOW same AS (PARTITION BY team_id, digest ORDER BY created_at, id)
"""
MERGE = (
    "UPDATE images SET upload_begun_at = begun FROM merged WHERE images.id = old AND old = kept",
    """UPDATE images SET blamed = origin.blamed, suspect_since = origin.suspect_since, removed_by = origin.removed_by,
       kept_bytes = origin.kept_bytes, leaves_at = origin.leaves_at, removed_at = origin.removed_at
       FROM merged, images AS origin WHERE images.id = kept AND origin.id = newest""",
    "UPDATE submissions SET image_id = kept FROM merged WHERE image_id = old AND old <> kept",
    "UPDATE uploads SET image_id = kept FROM merged WHERE image_id = old AND old <> kept",
    "UPDATE images SET duplicate_of = NULL FROM merged WHERE images.id = old",
    "DELETE FROM images USING merged WHERE images.id = old AND old <> kept",
    "DROP TABLE merged",
)
SPLIT = """
UPDATE images SET upload_id = first.id FROM (
    SELECT DISTINCT ON (image_id) image_id, id FROM uploads WHERE image_id IS NOT NULL
    ORDER BY image_id, created_at, id
) AS first WHERE first.image_id = images.id
"""
SOME_EDITION = """
UPDATE uploads SET challenge_id = COALESCE(
    (SELECT challenge_id FROM submissions WHERE submissions.image_id = uploads.image_id
     ORDER BY submitted_at, number LIMIT 1),
    (SELECT id FROM challenges ORDER BY opens DESC, slug LIMIT 1))
"""


def upgrade() -> None:
    op.add_column("uploads", sa.Column("image_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_uploads_image_id"), "uploads", "images", ["image_id"], ["id"])
    op.create_index(op.f("ix_uploads_image_id"), "uploads", ["image_id"])
    op.drop_index("uq_images_team_id_digest", table_name="images")
    for statement in (UPLOADS_LEAD_TO_IMAGES, EARLIEST, *MERGE):
        op.execute(statement)
    op.create_unique_constraint(op.f("uq_images_team_id_digest"), "images", ["team_id", "digest"])
    op.drop_column("images", "duplicate_of")
    op.drop_column("images", "upload_id")
    op.drop_column("uploads", "challenge_id")


def downgrade() -> None:
    """An upload goes back to the edition that its image was first submitted to, else to the newest."""
    op.add_column("uploads", sa.Column("challenge_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_uploads_challenge_id"), "uploads", "challenges", ["challenge_id"], ["id"])
    op.execute(SOME_EDITION)
    op.alter_column("uploads", "challenge_id", nullable=False)
    op.add_column("images", sa.Column("upload_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_images_upload_id"), "images", "uploads", ["upload_id"], ["id"])
    op.execute(SPLIT)
    op.create_unique_constraint(op.f("uq_images_upload_id"), "images", ["upload_id"])
    op.add_column("images", sa.Column("duplicate_of", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_images_duplicate_of"), "images", "images", ["duplicate_of"], ["id"])
    op.drop_constraint(op.f("uq_images_team_id_digest"), "images", type_="unique")
    op.create_index(
        "uq_images_team_id_digest",
        "images",
        ["team_id", "digest"],
        unique=True,
        postgresql_where=sa.text("state = 'accepted' AND duplicate_of IS NULL AND removed_at IS NULL"),
    )
    op.drop_index(op.f("ix_uploads_image_id"), table_name="uploads")
    op.drop_constraint(op.f("fk_uploads_image_id"), "uploads", type_="foreignkey")
    op.drop_column("uploads", "image_id")
