"""What the rooms need of the outside world, as Protocols. Adapters live in store, database, net and beside the rooms.

Every method raises errors of `imagebatch.model.errors` only: `Unavailable` when the other side does not answer now.
"""

from imagebatch.ports.blobs import Blob, BlobInfo, BlobStore
from imagebatch.ports.clock import Clock
from imagebatch.ports.database import Archive, Batches, Deliveries, Listings
from imagebatch.ports.records import (
    Deleted,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    Final,
    IdempotencyKey,
    NewBatch,
    NewDelivery,
    ProductRow,
    SettledSlot,
)
from imagebatch.ports.running import Jobs, JobSpec, JobView, Registry
from imagebatch.ports.webhooks import Http, WebhookAnswer

__all__ = [
    "Archive",
    "Batches",
    "Blob",
    "BlobInfo",
    "BlobStore",
    "Clock",
    "Deleted",
    "Deliveries",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryState",
    "Final",
    "Http",
    "IdempotencyKey",
    "JobSpec",
    "JobView",
    "Jobs",
    "Listings",
    "NewBatch",
    "NewDelivery",
    "ProductRow",
    "Registry",
    "SettledSlot",
    "WebhookAnswer",
]
