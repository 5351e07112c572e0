"""The tables as SQLAlchemy classes. Queried by the modules beside this one; alembic compares them with the schema.

The triggers that guard statuses are in the migrations: SQLAlchemy does not know them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID  # noqa: TC003

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    column,
    false,
    func,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from imagebatch.model.batch import Status

SCHEMA_REVISION = "0003"
"""The newest revision of imagebatch_migrations, which the queries here need."""
SCHEMA_TABLE = table("alembic_version", column("version_num"))


def has_our_schema(revision: str | None) -> bool:
    """Return whether a database at a revision can be worked with: at ours, or at a newer one, which leaves us running.

    Revisions are numbers of four digits; others are not of this project.
    """
    return revision is not None and revision.isdecimal() and revision >= SCHEMA_REVISION


NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
NOT_FINAL = "processing_status IN ('Pending', 'Processing')"
UNSENT = "delivered_at IS NULL AND given_up_at IS NULL"

PROCESSING_STATUS = Enum(Status, name="processing_status", values_callable=lambda words: [word.value for word in words])


class Record(DeclarativeBase):
    """What all tables share: text and aware times by default, constraint names by convention."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), dict[str, Any]: JSONB}  # noqa: RUF012


class FileProcessingRecord(Record):
    """One accepted request: its spec, what is intended, how far it is. Counts are slots, bytes are per image."""

    __tablename__ = "file_processing"

    file_id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(unique=True)
    owner: Mapped[str]
    processing_status: Mapped[Status] = mapped_column(PROCESSING_STATUS)
    reason: Mapped[str]
    message: Mapped[str]
    spec: Mapped[dict[str, Any]]
    suspend: Mapped[bool] = mapped_column(server_default=false())
    cancel: Mapped[bool] = mapped_column(server_default=false())
    parallelism: Mapped[int]
    resource_namespace: Mapped[str | None]
    resource_name: Mapped[str | None]
    resource_uid: Mapped[UUID | None]
    suspended_at: Mapped[datetime | None]
    suspended_seconds: Mapped[float] = mapped_column(server_default="0")
    source_sha256: Mapped[str]
    retry_of: Mapped[UUID | None] = mapped_column(
        ForeignKey("file_processing.request_id", ondelete="RESTRICT"), index=True
    )
    has_result: Mapped[bool] = mapped_column(server_default=false())
    total: Mapped[int]
    succeeded: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    bytes_in: Mapped[int] = mapped_column(BigInteger, server_default="0")
    bytes_out: Mapped[int] = mapped_column(BigInteger, server_default="0")
    idempotency_key: Mapped[str | None]
    idempotency_fingerprint: Mapped[str | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("owner", "idempotency_key"),
        CheckConstraint("succeeded >= 0 AND failed >= 0 AND total >= succeeded + failed", "counts_add_up"),
        CheckConstraint(f"{NOT_FINAL} OR total = succeeded + failed", "nothing_pending_when_final"),
        CheckConstraint(f"({NOT_FINAL}) = (finished_at IS NULL)", "finished_when_final"),
        CheckConstraint("(idempotency_key IS NULL) = (idempotency_fingerprint IS NULL)", "fingerprint_with_key"),
        CheckConstraint("parallelism >= 1", "parallelism_positive"),
        Index("ix_file_processing_owner_created_at", "owner", "created_at"),
        Index("ix_file_processing_unfinished", "created_at", "file_id", postgresql_where=NOT_FINAL),
        Index("ix_file_processing_deleted", "created_at", "file_id", postgresql_where="deleted_at IS NOT NULL"),
    )


class ProductRecord(Record):
    """One row of the CSV. URL lists are comma-separated; in the output's, a failed image's slot is empty."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("file_processing.file_id", ondelete="CASCADE"))
    row_number: Mapped[int]
    serial_number: Mapped[str]
    product_name: Mapped[str]
    input_image_urls: Mapped[str]
    output_image_urls: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("file_id", "row_number"),
        CheckConstraint("row_number >= 0", "row_number_from_zero"),
    )


class ImageRecord(Record):
    """One slot of the output: an image that several slots show has one record for each. Sides are pixels.

    The output is `output_name` under images/ of the request `output_request_id`, or of the record's own where that
    is null. A program of the schema before these two left both null.
    """

    __tablename__ = "images"

    file_id: Mapped[int] = mapped_column(ForeignKey("file_processing.file_id", ondelete="CASCADE"), primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    image_index: Mapped[int]
    url: Mapped[str]
    output_url: Mapped[str | None]
    output_name: Mapped[str | None]
    output_request_id: Mapped[UUID | None]
    code: Mapped[str | None]
    message: Mapped[str | None]
    attempts: Mapped[int]
    milliseconds: Mapped[int]
    bytes_in: Mapped[int | None] = mapped_column(BigInteger)
    bytes_out: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    format_in: Mapped[str | None]
    format_out: Mapped[str | None]
    width_in: Mapped[int | None]
    height_in: Mapped[int | None]
    width_out: Mapped[int | None]
    height_out: Mapped[int | None]
    quality: Mapped[int | None]
    kept_original: Mapped[bool]

    __table_args__ = (
        CheckConstraint("(output_url IS NULL) = (code IS NOT NULL)", "output_or_code"),
        CheckConstraint("row_number >= 0 AND position >= 0", "slots_from_zero"),
    )


class WebhookDeliveryRecord(Record):
    """One message to a receiver. It is due at `due_at`, unless a process has claimed it until `leased_until`.

    `attempts_before` of its attempts were made before it was last asked for anew.
    """

    __tablename__ = "webhook_deliveries"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("file_processing.file_id", ondelete="CASCADE"), index=True)
    webhook_id: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    key_name: Mapped[str]
    body: Mapped[bytes]
    attempts: Mapped[int] = mapped_column(server_default="0")
    attempts_before: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (Index("ix_webhook_deliveries_unsent", "due_at", "id", postgresql_where=UNSENT),)


class WebhookAttemptRecord(Record):
    """One try of a delivery. Two processes may try under one number if the first outlived its lease."""

    __tablename__ = "webhook_attempts"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    started_at: Mapped[datetime]
    milliseconds: Mapped[int]
    http_status: Mapped[int | None]
    error: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("delivery_id", "number", "started_at"),
        CheckConstraint("http_status IS NOT NULL OR error IS NOT NULL", "status_or_error"),
    )


class InstallationRecord(Record):
    """One row for ever: the id that this database was given when the table was made."""

    __tablename__ = "installation"

    singleton: Mapped[bool] = mapped_column(primary_key=True, server_default=true())
    id: Mapped[UUID]

    __table_args__ = (CheckConstraint("singleton", "one_row"),)
