"""a run can take over the results of an equal one instead of running"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("results_of", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_runs_results_of"), "runs", "runs", ["results_of"], ["id"])


def downgrade() -> None:
    op.drop_column("runs", "results_of")
