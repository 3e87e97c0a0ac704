"""results and rescorings name the scoring version; what was scored before it was told has version 1"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("scoring_version", sa.Integer(), nullable=True))
    op.execute("UPDATE runs SET scoring_version = 1 WHERE results_key IS NOT NULL")
    op.add_column(
        "rescorings", sa.Column("scoring_version", sa.Integer(), nullable=False, server_default="1")
    )
    op.alter_column("rescorings", "scoring_version", server_default=None)


def downgrade() -> None:
    op.drop_column("rescorings", "scoring_version")
    op.drop_column("runs", "scoring_version")
