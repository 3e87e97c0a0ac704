"""a team's part in an edition is a row; teams that have submitted are admitted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ADMIT_WHO_HAS_SUBMITTED = """
INSERT INTO entries (id, team_id, challenge_id, state, asked_at, decided_at, decided_by, reason)
SELECT gen_random_uuid(), team_id, challenge_id, 'admitted', min(submitted_at), min(submitted_at), 'platform', ''
FROM submissions GROUP BY team_id, challenge_id
"""


def upgrade() -> None:
    state = sa.Enum(
        "asked", "admitted", "refused", name="state", native_enum=False, create_constraint=True, length=32
    )
    op.create_table(
        "entries",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name=op.f("fk_entries_challenge_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_entries_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("team_id", "challenge_id", name=op.f("uq_entries_team_id_challenge_id")),
    )
    op.create_index(op.f("ix_entries_challenge_id"), "entries", ["challenge_id"])
    op.execute(ADMIT_WHO_HAS_SUBMITTED)


def downgrade() -> None:
    op.drop_table("entries")
