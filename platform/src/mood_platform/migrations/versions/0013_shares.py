"""what each Team has had of the slots, and Submissions that go first"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "team_shares",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("spent", sa.Float(), nullable=False),
        sa.Column("toy_spent", sa.Float(), nullable=False),
        sa.Column("lowest", sa.Float(), nullable=False),
        sa.Column("pace", sa.Float(), nullable=True),
        sa.Column("paced", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_shares_team_id")),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_team_shares")),
    )
    op.create_table(
        "case_turns",
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("case_run_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["case_run_id"], ["case_runs.id"], name=op.f("fk_case_turns_case_run_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_case_turns_team_id")),
        sa.CheckConstraint("account IN ('turn', 'toy', 'none')", name=op.f("ck_case_turns_account")),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_case_turns")),
    )
    op.add_column("submissions", sa.Column("prior", sa.Boolean(), server_default=sa.false(), nullable=False))
    live = sa.text("state IN ('queued', 'running', 'scoring')")
    op.create_index("ix_runs_live", "runs", ["stage"], postgresql_where=live)


def downgrade() -> None:
    op.drop_index("ix_runs_live", table_name="runs")
    op.drop_column("submissions", "prior")
    op.drop_table("case_turns")
    op.drop_table("team_shares")
