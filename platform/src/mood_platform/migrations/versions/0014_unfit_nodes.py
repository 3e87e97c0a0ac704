"""a Node says why it takes nothing now; an organizer can quarantine one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("unfit", "quarantined_by"):
        op.add_column("nodes", sa.Column(column, sa.Text(), nullable=False, server_default=""))
        op.alter_column("nodes", column, server_default=None)


def downgrade() -> None:
    for column in ("quarantined_by", "unfit"):
        op.drop_column("nodes", column)
