"""rules of scoring that nothing read leave the stored editions and Runs; published boards stay as they are"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE challenges SET config = jsonb_set(config, '{scoring}',"
        " (config -> 'scoring') - 'precision' - 'batch_size') WHERE config ? 'scoring'"
    )
    op.execute("UPDATE runs SET scoring = scoring - 'precision' - 'batch_size'")


def downgrade() -> None:
    """What they said had no effect; the older version needs them to be there."""
    op.execute(
        "UPDATE challenges SET config = jsonb_set(config, '{scoring}', (config -> 'scoring')"
        """ || '{"precision": "float32", "batch_size": 20}') WHERE config ? 'scoring'"""
    )
