"""what is kept is weighed, can be held, and ends; rows from before are weighed by the daily round"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ONE_OF_EACH = "state = 'accepted' AND duplicate_of IS NULL"


def upgrade() -> None:
    _create_kept_objects()
    _create_holds()
    op.create_table(
        "retention_rounds",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removes", sa.Boolean(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rounds")),
    )
    op.create_index(op.f("ix_retention_rounds_at"), "retention_rounds", ["at"], unique=False)
    for name in ("predictions_removed_at", "logs_removed_at"):
        op.add_column("runs", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    _change_images()


def _create_kept_objects() -> None:
    op.create_table(
        "kept_objects",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("case_run_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("prediction", "log", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("toy", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_run_id"], ["case_runs.id"], name=op.f("fk_kept_objects_case_run_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_kept_objects_run_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_kept_objects_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_objects")),
        sa.UniqueConstraint("key", name=op.f("uq_kept_objects_key")),
    )
    op.create_index(op.f("ix_kept_objects_run_id"), "kept_objects", ["run_id"], unique=False)
    op.create_index(
        "ix_kept_objects_team_id_toy",
        "kept_objects",
        ["team_id", "toy"],
        unique=False,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    for kind in ("prediction", "log"):
        op.execute(
            f"""
            INSERT INTO kept_objects (id, key, team_id, run_id, case_run_id, kind, toy, stored_at)
            SELECT gen_random_uuid(), c.{kind}_key, s.team_id, c.run_id, c.id, '{kind}', c.toy,
                   coalesce(c.finished_at, c.state_since)
            FROM case_runs c JOIN runs r ON r.id = c.run_id JOIN submissions s ON s.id = r.submission_id
            WHERE c.{kind}_key IS NOT NULL
            ON CONFLICT (key) DO NOTHING
            """  # noqa: S608 - the words stand two lines above
        )


def _create_holds() -> None:
    op.create_table(
        "holds",
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("challenge_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(run_id, team_id, challenge_id) = 1", name=op.f("ck_holds_one_subject")
        ),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name=op.f("fk_holds_challenge_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_holds_run_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_holds_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )


def _change_images() -> None:
    """An image from before weighs what its layers do unpacked."""
    op.add_column("images", sa.Column("kept_bytes", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column("images", "kept_bytes", server_default=None)
    for name in ("leaves_at", "removed_at"):
        op.add_column("images", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("images", sa.Column("removed_by", sa.Text(), server_default="", nullable=False))
    op.alter_column("images", "removed_by", server_default=None)
    op.execute(
        f"UPDATE images SET kept_bytes = coalesce((facts->>'unpacked')::bigint, size) WHERE {ONE_OF_EACH}"  # noqa: S608 - a constant
    )
    op.drop_index("uq_images_team_id_digest", table_name="images")
    _index_images(f"{ONE_OF_EACH} AND removed_at IS NULL")


def _index_images(which: str) -> None:
    op.create_index(
        "uq_images_team_id_digest",
        "images",
        ["team_id", "digest"],
        unique=True,
        postgresql_where=sa.text(which),
    )


def downgrade() -> None:
    op.drop_index("uq_images_team_id_digest", table_name="images")
    _index_images(ONE_OF_EACH)
    for name in ("removed_by", "removed_at", "leaves_at", "kept_bytes"):
        op.drop_column("images", name)
    for name in ("logs_removed_at", "predictions_removed_at"):
        op.drop_column("runs", name)
    for table in ("retention_rounds", "holds", "kept_objects"):
        op.drop_table(table)
