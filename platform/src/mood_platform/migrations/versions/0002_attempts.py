"""attempts are counted wherever work is repeated"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

COUNTERS = (('images', 'attempt'), ('case_runs', 'scoring_attempt'), ('runs', 'scoring_attempt'))


def upgrade() -> None:
    for table, column in COUNTERS:
        op.add_column(table, sa.Column(column, sa.Integer(), server_default='0', nullable=False))
        op.alter_column(table, column, server_default=None)


def downgrade() -> None:
    for table, column in COUNTERS:
        op.drop_column(table, column)
