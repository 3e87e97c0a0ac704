"""a case that its Node starved runs a second time, alone; those that have run ran once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_runs", sa.Column("first_run", postgresql.JSONB(), nullable=True))
    op.add_column("case_runs", sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("case_runs", sa.Column("alone_on", sa.Text(), nullable=True))
    op.create_index("ix_case_runs_alone", "case_runs", ["state"], postgresql_where=sa.text("alone"))


def downgrade() -> None:
    op.drop_index("ix_case_runs_alone", table_name="case_runs")
    for name in ("alone_on", "alone", "first_run"):
        op.drop_column("case_runs", name)
