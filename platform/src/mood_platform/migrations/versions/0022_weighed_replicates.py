"""replicates from before are looked at again: where Evidence is too coarse they are made from exact counts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("replicates", sa.Column("weighed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("replicates", "weighed", server_default=None)
    op.execute("UPDATE replicates SET attempt = 0 WHERE key IS NOT NULL")


def downgrade() -> None:
    op.drop_column("replicates", "weighed")
