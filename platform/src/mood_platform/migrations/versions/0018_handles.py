"""a team's slug is its handle, and no two names look alike; those that do already stay"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mood_platform.accounts.names import capitals, small_letters

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

LOOKS = {"capitals": capitals, "small_letters": small_letters}


def upgrade() -> None:
    op.alter_column("teams", "slug", new_column_name="handle")
    op.execute("ALTER TABLE teams RENAME CONSTRAINT uq_teams_slug TO uq_teams_handle")
    for column in LOOKS:
        op.add_column("teams", sa.Column(column, sa.Text(), nullable=True))
    _write_looks()
    for column in LOOKS:
        op.create_unique_constraint(op.f(f"uq_teams_{column}"), "teams", [column])


def _write_looks() -> None:
    """Of names that look alike the oldest team's is protected."""
    connection, taken = op.get_bind(), set()
    for row in connection.execute(sa.text("SELECT id, name FROM teams ORDER BY created_at, id")).all():
        for column, look in LOOKS.items():
            if (column, look(row.name)) not in taken:
                taken.add((column, look(row.name)))
                connection.execute(
                    sa.text(f"UPDATE teams SET {column} = :look WHERE id = :id"),  # noqa: S608 - our words
                    {"look": look(row.name), "id": row.id},
                )


def downgrade() -> None:
    for column in LOOKS:
        op.drop_column("teams", column)
    op.execute("ALTER TABLE teams RENAME CONSTRAINT uq_teams_handle TO uq_teams_slug")
    op.alter_column("teams", "handle", new_column_name="slug")
