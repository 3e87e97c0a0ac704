"""every change of a state is an event, also of images, uploads, submissions and entries"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261201_events"
down_revision = "0024"
branch_labels = None
depends_on = None

SINCE = {
    "images": "coalesce(checked_at, created_at)",
    "uploads": "created_at",
    "submissions": "submitted_at",
    "entries": "coalesce(decided_at, asked_at)",
}
"""Tables that learn since when a row is in its state, and what is known of it."""
NAMES = (
    "ALTER INDEX pk_{old} RENAME TO pk_{new}",
    "ALTER INDEX ix_{old}_run_id RENAME TO ix_{new}_run_id",
    "ALTER SEQUENCE {old}_sequence_seq RENAME TO {new}_sequence_seq",
    "ALTER TABLE {new} RENAME CONSTRAINT fk_{old}_run_id TO fk_{new}_run_id",
)


def upgrade() -> None:
    for table, known in SINCE.items():
        op.add_column(table, sa.Column("state_since", sa.DateTime(timezone=True), nullable=True))
        op.execute(f"UPDATE {table} SET state_since = {known}")
        op.alter_column(table, "state_since", nullable=False)
    _rename("run_events", "events")
    op.add_column("events", sa.Column("subject_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE events SET subject_id = coalesce(case_run_id, run_id)")
    op.alter_column("events", "subject_id", nullable=False)
    op.alter_column("events", "run_id", nullable=True)
    op.create_index(op.f("ix_events_subject_id"), "events", ["subject_id"])
    op.drop_constraint("fk_run_events_case_run_id", "events", type_="foreignkey")
    op.drop_column("events", "case_run_id")


def downgrade() -> None:
    """Without the events of what had none."""
    op.execute("DELETE FROM events WHERE subject NOT IN ('run', 'case_run')")
    op.add_column("events", sa.Column("case_run_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE events SET case_run_id = subject_id WHERE subject = 'case_run'")
    op.drop_column("events", "subject_id")
    op.alter_column("events", "run_id", nullable=False)
    _rename("events", "run_events")
    op.create_foreign_key("fk_run_events_case_run_id", "run_events", "case_runs", ["case_run_id"], ["id"])
    for table in SINCE:
        op.drop_column(table, "state_since")


def _rename(old: str, new: str) -> None:
    """The table, and what is named after it."""
    op.rename_table(old, new)
    for statement in NAMES:
        op.execute(statement.format(old=old, new=new))
