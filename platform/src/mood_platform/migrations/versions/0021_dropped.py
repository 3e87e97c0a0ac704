"""a rescoring can leave out cases that count for nobody, and can be looked at before it is decided"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rescorings",
        sa.Column("dropped", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
    )
    op.add_column("rescorings", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rescorings", sa.Column("decided_by", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE rescorings SET decided_at = created_at, decided_by = actor")
    for column in ("dropped", "decided_by"):
        op.alter_column("rescorings", column, server_default=None)


def downgrade() -> None:
    """Without proposals, which would count. Boards of what was dropped keep their documents."""
    op.execute(
        "DELETE FROM run_scorings WHERE rescoring_id IN (SELECT id FROM rescorings WHERE decided_at IS NULL)"
    )
    op.execute("DELETE FROM rescorings WHERE decided_at IS NULL")
    for column in ("decided_by", "decided_at", "dropped"):
        op.drop_column("rescorings", column)
