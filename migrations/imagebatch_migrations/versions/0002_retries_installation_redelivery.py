"""Retries, where outputs lie, webhooks sent anew, and the id of the installation.

It can run under a live older version: every new column may be left out of an insert, and nothing that is there changes.
What an older version settles afterwards has no `output_name`; readers then take it from `output_url`.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OUTPUTS = r"""
UPDATE images SET
  output_name = substring(output_url FROM 'images/([^/?]+)(?:\?t=[^/?]*)?$'),
  output_request_id = nullif(
    substring(output_url FROM '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/images/[^/]+$')::uuid, request_id)
FROM file_processing
WHERE output_url IS NOT NULL AND file_processing.file_id = images.file_id
"""
TIE = "UPDATE file_processing SET retry_of = :parent WHERE request_id = :retry"


def upgrade() -> None:
    """Add columns, indexes and the table `installation`, name the outputs that are there, tie retries to parents."""
    _create_installation()
    _add_retry_of()
    op.add_column("webhook_deliveries", sa.Column("attempts_before", sa.Integer, server_default="0", nullable=False))
    op.add_column("images", sa.Column("output_name", sa.Text))
    op.add_column("images", sa.Column("output_request_id", sa.Uuid))
    op.execute(OUTPUTS)
    _tie_retries()


def downgrade() -> None:
    """Drop what was added with what is in it. Retries stay as requests; an upgrade ties them again."""
    op.drop_column("images", "output_request_id")
    op.drop_column("images", "output_name")
    op.drop_column("webhook_deliveries", "attempts_before")
    op.drop_index("ix_file_processing_deleted", "file_processing")
    op.drop_column("file_processing", "retry_of")
    op.drop_table("installation")


def _create_installation() -> None:
    op.create_table(
        "installation",
        sa.Column("singleton", sa.Boolean, server_default=sa.true()),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_installation")),
        sa.CheckConstraint("singleton", name=op.f("ck_installation_one_row")),
    )
    op.execute("INSERT INTO installation (id) VALUES (gen_random_uuid())")


def _add_retry_of() -> None:
    table = "file_processing"
    op.add_column(table, sa.Column("retry_of", sa.Uuid))
    name = op.f("fk_file_processing_retry_of_file_processing")
    op.create_foreign_key(name, table, table, ["retry_of"], ["request_id"], ondelete="RESTRICT")
    op.create_index(op.f("ix_file_processing_retry_of"), table, ["retry_of"])
    deleted = sa.text("deleted_at IS NOT NULL")
    op.create_index("ix_file_processing_deleted", table, ["created_at", "file_id"], postgresql_where=deleted)


def _tie_retries() -> None:
    """Tie retries that a downgrade left to their parents, whose images they show: ids derive from the parents'."""
    connection = op.get_bind()
    known = set(connection.scalars(sa.text("SELECT request_id FROM file_processing")))
    ties = [{"retry": retry, "parent": parent} for parent in known if (retry := uuid.uuid5(parent, "retry")) in known]
    if ties:
        connection.execute(sa.text(TIE), ties)
