"""Requests, products, images and webhooks, with the triggers that guard a request's status."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOT_FINAL = "processing_status IN ('Pending', 'Processing')"

GUARD = """
CREATE FUNCTION file_processing_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.processing_status IS DISTINCT FROM OLD.processing_status
     AND (OLD.processing_status IN ('Completed', 'Failed') OR NEW.processing_status < OLD.processing_status) THEN
    RAISE EXCEPTION 'request % cannot go from % to %', OLD.request_id, OLD.processing_status, NEW.processing_status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'tr_file_processing_guard';
  END IF;
  IF OLD.cancel AND NOT NEW.cancel THEN
    RAISE EXCEPTION 'request %: an intent to cancel cannot be taken back', OLD.request_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'tr_file_processing_guard';
  END IF;
  RETURN NEW;
END
$$
"""
GUARDED = """
CREATE TRIGGER tr_file_processing_guard BEFORE UPDATE OF processing_status, cancel ON file_processing
FOR EACH ROW EXECUTE FUNCTION file_processing_guard()
"""


def upgrade() -> None:
    """Make the tables."""
    _create_file_processing()
    _create_products()
    _create_images()
    _create_webhook_deliveries()
    _create_webhook_attempts()


def downgrade() -> None:
    """Drop the tables with what is in them."""
    for table in ("webhook_attempts", "webhook_deliveries", "images", "products", "file_processing"):
        op.drop_table(table)
    op.execute("DROP FUNCTION file_processing_guard()")
    op.execute("DROP TYPE processing_status")


def _create_file_processing() -> None:
    op.create_table("file_processing", *_request_columns(), *_count_columns(), *_request_rules())
    op.create_index("ix_file_processing_owner_created_at", "file_processing", ["owner", "created_at"])
    op.create_index(
        "ix_file_processing_unfinished",
        "file_processing",
        ["created_at", "file_id"],
        postgresql_where=sa.text(NOT_FINAL),
    )
    op.execute(GUARD)
    op.execute(GUARDED)


def _request_columns() -> list[sa.Column[object]]:
    words = ("Pending", "Processing", "Completed", "Failed")
    return [
        sa.Column("file_id", sa.Integer),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("processing_status", sa.Enum(*words, name="processing_status"), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("spec", postgresql.JSONB, nullable=False),
        sa.Column("suspend", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("cancel", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("parallelism", sa.Integer, nullable=False),
        sa.Column("resource_namespace", sa.Text),
        sa.Column("resource_name", sa.Text),
        sa.Column("resource_uid", sa.Uuid),
        sa.Column("source_sha256", sa.Text, nullable=False),
        sa.Column("has_result", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("idempotency_fingerprint", sa.Text),
        sa.Column("deleted_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
    ]


def _count_columns() -> list[sa.Column[int]]:
    return [
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("succeeded", sa.Integer, server_default="0", nullable=False),
        sa.Column("failed", sa.Integer, server_default="0", nullable=False),
        sa.Column("bytes_in", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("bytes_out", sa.BigInteger, server_default="0", nullable=False),
    ]


def _request_rules() -> list[sa.Constraint]:
    table = "file_processing"
    return [
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_file_processing")),
        sa.UniqueConstraint("request_id", name=op.f("uq_file_processing_request_id")),
        sa.UniqueConstraint("owner", "idempotency_key", name=op.f("uq_file_processing_owner_idempotency_key")),
        _check(table, "counts_add_up", "succeeded >= 0 AND failed >= 0 AND total >= succeeded + failed"),
        _check(table, "nothing_pending_when_final", f"{NOT_FINAL} OR total = succeeded + failed"),
        _check(table, "finished_when_final", f"({NOT_FINAL}) = (finished_at IS NULL)"),
        _check(table, "fingerprint_with_key", "(idempotency_key IS NULL) = (idempotency_fingerprint IS NULL)"),
        _check(table, "parallelism_positive", "parallelism >= 1"),
    ]


def _create_products() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger),
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.Column("serial_number", sa.Text, nullable=False),
        sa.Column("product_name", sa.Text, nullable=False),
        sa.Column("input_image_urls", sa.Text, nullable=False),
        sa.Column("output_image_urls", sa.Text),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        _of_request("products"),
        sa.UniqueConstraint("file_id", "row_number", name=op.f("uq_products_file_id_row_number")),
        _check("products", "row_number_from_zero", "row_number >= 0"),
    )


def _create_images() -> None:
    op.create_table(
        "images",
        sa.Column("file_id", sa.Integer),
        sa.Column("row_number", sa.Integer),
        sa.Column("position", sa.Integer),
        sa.Column("image_index", sa.Integer, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("output_url", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("bytes_in", sa.BigInteger),
        sa.Column("bytes_out", sa.BigInteger),
        sa.Column("sha256", sa.Text),
        sa.Column("format_in", sa.Text),
        sa.Column("format_out", sa.Text),
        sa.Column("width_in", sa.Integer),
        sa.Column("height_in", sa.Integer),
        sa.Column("width_out", sa.Integer),
        sa.Column("height_out", sa.Integer),
        sa.Column("quality", sa.Integer),
        sa.Column("kept_original", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("file_id", "row_number", "position", name=op.f("pk_images")),
        _of_request("images"),
        _check("images", "output_or_code", "(output_url IS NULL) = (code IS NOT NULL)"),
        _check("images", "slots_from_zero", "row_number >= 0 AND position >= 0"),
    )


def _create_webhook_deliveries() -> None:
    table = "webhook_deliveries"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger),
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("webhook_id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("key_name", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("leased_until", MOMENT),
        sa.Column("delivered_at", MOMENT),
        sa.Column("given_up_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        _of_request(table),
        sa.UniqueConstraint("webhook_id", name=op.f("uq_webhook_deliveries_webhook_id")),
    )
    op.create_index(op.f("ix_webhook_deliveries_file_id"), table, ["file_id"])
    unsent = sa.text("delivered_at IS NULL AND given_up_at IS NULL")
    op.create_index("ix_webhook_deliveries_unsent", table, ["due_at", "id"], postgresql_where=unsent)


def _create_webhook_attempts() -> None:
    table = "webhook_attempts"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger),
        sa.Column("delivery_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("http_status", sa.Integer),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_deliveries.id"],
            name=op.f("fk_webhook_attempts_delivery_id_webhook_deliveries"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "delivery_id", "number", "started_at", name=op.f("uq_webhook_attempts_delivery_id_number_started_at")
        ),
        _check(table, "status_or_error", "http_status IS NOT NULL OR error IS NOT NULL"),
    )


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _of_request(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_file_id_file_processing")
    return sa.ForeignKeyConstraint(["file_id"], ["file_processing.file_id"], name=name, ondelete="CASCADE")
