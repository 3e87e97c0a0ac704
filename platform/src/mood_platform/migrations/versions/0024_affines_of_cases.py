"""cases know where their voxels lie, as the manifest tells; those of older manifests do not"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("affine", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("cases", "affine")
