"""Runs know whether they are told live, and when their end was told."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("told_live", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("runs", "told_live", server_default=None)
    op.add_column("runs", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE runs SET told_at = state_since WHERE state = 'scored'")
    op.execute(
        """UPDATE runs SET told_live = TRUE WHERE NOT EXISTS (
            SELECT 1 FROM jsonb_each(runs.test_sets -> 'main') AS part,
                jsonb_array_elements_text(part.value) AS named
            JOIN test_sets ON test_sets.id = named::uuid
            WHERE (test_sets.manifest ->> 'not_hidden')::boolean IS NOT TRUE)"""
    )
    op.create_index(
        "ix_runs_untold",
        "runs",
        ["state_since"],
        postgresql_where=sa.text("state = 'scored' AND stage = 'challenge' AND told_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_runs_untold", "runs")
    op.drop_column("runs", "told_at")
    op.drop_column("runs", "told_live")
