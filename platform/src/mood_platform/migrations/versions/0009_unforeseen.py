"""a case keeps how its prediction ended its reader in a way nobody foresaw"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_runs", sa.Column("unforeseen", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("case_runs", "unforeseen")
