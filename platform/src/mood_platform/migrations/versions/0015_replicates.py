"""replicates are made once for each results, by a job; the sweeper orders those of older runs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replicates",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("results_key", sa.Text(), nullable=False),
        sa.Column("scoring_version", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_replicates_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replicates")),
        sa.UniqueConstraint("results_key", "scoring_version", name=op.f("uq_replicates_results_key_scoring_version")),
    )
    op.create_index(op.f("ix_replicates_run_id"), "replicates", ["run_id"], unique=False)


def downgrade() -> None:
    op.drop_table("replicates")
