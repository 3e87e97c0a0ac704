"""no two teams' names look alike as they are written either; those that do already stay"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mood_platform.accounts.names import LOOKS, looks_of

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("teams", sa.Column("as_written", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_teams_as_written"), "teams", ["as_written"])
    op.execute(f"UPDATE teams SET {', '.join(f'{column} = NULL' for column in LOOKS)}")
    _write_looks()


def _write_looks() -> None:
    """All anew, as more is left out of them than before; of names that look alike the oldest team's is kept."""
    connection, taken = op.get_bind(), set()
    for row in connection.execute(sa.text("SELECT id, name FROM teams ORDER BY created_at, id")).all():
        free = {column: look for column, look in looks_of(row.name).items() if (column, look) not in taken}
        taken |= set(free.items())
        for column, look in free.items():
            connection.execute(
                sa.text(f"UPDATE teams SET {column} = :look WHERE id = :id"),  # noqa: S608 - our words
                {"look": look, "id": row.id},
            )


def downgrade() -> None:
    op.drop_column("teams", "as_written")
