"""How long a request rested: its deadline does not count that time.

It can run under a live older version: both columns may be left out of an insert, and nothing that is there changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "file_processing"


def upgrade() -> None:
    """Add the columns; no request that is there has rested."""
    op.add_column(TABLE, sa.Column("suspended_at", sa.DateTime(timezone=True)))
    op.add_column(TABLE, sa.Column("suspended_seconds", sa.Float, server_default="0", nullable=False))


def downgrade() -> None:
    """Drop the columns: deadlines count from the acceptance again, without a break."""
    op.drop_column(TABLE, "suspended_seconds")
    op.drop_column(TABLE, "suspended_at")
