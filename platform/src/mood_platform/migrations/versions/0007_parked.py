"""cases wait for a healthy Node instead of ending their Run; Nodes are known by name and health"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATES = (
    "queued", "running", "collected", "succeeded", "output_invalid", "timed_out", "out_of_memory",
    "crashed", "output_missing", "abandoned", "cancelled",
)  # fmt: skip
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    _allow_states(*STATES, "parked")
    _add_filled("case_runs", "failed_on", JSONB, "[]")
    _add_filled("case_runs", "resumed", sa.Integer(), "0")
    op.add_column("runs", sa.Column("parked_told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("runs", sa.Column("held_since", sa.DateTime(timezone=True), nullable=True))
    _add_filled("runs", "held_why", sa.Text(), "")
    _add_filled("images", "blamed", JSONB, "[]")
    op.add_column("images", sa.Column("suspect_since", sa.DateTime(timezone=True), nullable=True))
    _create_nodes()


def _create_nodes() -> None:
    health = sa.Enum(
        "untried", "well", "quarantined", name="health", native_enum=False, create_constraint=True, length=32
    )
    op.create_table(
        "nodes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("stages", JSONB, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("health", health, nullable=False),
        sa.Column("health_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fault_teams", JSONB, nullable=False),
        sa.Column("unproven", JSONB, nullable=True),
        sa.Column("quarantines", sa.Integer(), nullable=False),
        sa.Column("quarantine_why", sa.Text(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("test_problem", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
        sa.UniqueConstraint("name", name=op.f("uq_nodes_name")),
    )


def downgrade() -> None:
    """What is parked is queued again: the versions before knew no such state."""
    op.drop_table("nodes")
    for table, columns in {
        "images": ("suspect_since", "blamed"),
        "runs": ("held_why", "held_since", "parked_told_at"),
        "case_runs": ("resumed", "failed_on"),
    }.items():
        for column in columns:
            op.drop_column(table, column)
    op.execute("UPDATE case_runs SET state = 'queued', attempt = 0 WHERE state = 'parked'")
    _allow_states(*STATES)


def _add_filled(table: str, column: str, kind: sa.types.TypeEngine[Any], value: str) -> None:
    """Rows that exist get the value; new ones get it from the program."""
    op.add_column(table, sa.Column(column, kind, nullable=False, server_default=value))
    op.alter_column(table, column, server_default=None)


def _allow_states(*states: str) -> None:
    names = ", ".join(f"'{state}'" for state in states)
    op.drop_constraint(op.f("ck_case_runs_state"), "case_runs", type_="check")
    op.create_check_constraint(op.f("ck_case_runs_state"), "case_runs", f"state IN ({names})")
