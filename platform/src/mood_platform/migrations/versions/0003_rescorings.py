"""runs can be scored again from their kept predictions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rescorings',
    sa.Column('challenge_id', sa.Uuid(), nullable=False),
    sa.Column('task', sa.Enum('sample', 'pixel', name='task', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('evaluator', sa.Text(), nullable=False),
    sa.Column('test_sets', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenges.id'], name=op.f('fk_rescorings_challenge_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rescorings')),
    sa.UniqueConstraint('challenge_id', 'task', 'number', name=op.f('uq_rescorings_challenge_id_task_number'))
    )
    op.create_table('run_scorings',
    sa.Column('rescoring_id', sa.Uuid(), nullable=False),
    sa.Column('run_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('queued', 'scored', 'failed', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('state_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('results_key', sa.Text(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['rescoring_id'], ['rescorings.id'], name=op.f('fk_run_scorings_rescoring_id')),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_run_scorings_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_run_scorings')),
    sa.UniqueConstraint('rescoring_id', 'run_id', name=op.f('uq_run_scorings_rescoring_id_run_id'))
    )
    op.create_index(op.f('ix_run_scorings_run_id'), 'run_scorings', ['run_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_run_scorings_run_id'), table_name='run_scorings')
    op.drop_table('run_scorings')
    op.drop_table('rescorings')
