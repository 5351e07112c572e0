"""Every code that this service can answer: its HTTP status and when it is told. Used by `problems` and the schemas.

docs/reference/errors.md and OpenAPI list the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A code of the reference: its HTTP status and when it is answered."""

    status: int
    meaning: str


PROBLEMS: dict[str, ProblemKind] = {
    "invalid_request": ProblemKind(400, "A parameter or form field is unknown or not allowed; `errors` names each."),
    "missing_file": ProblemKind(400, "The form has no part `file` with a file name."),
    "empty_file": ProblemKind(400, "The file has no bytes."),
    "malformed_form": ProblemKind(400, "The multipart body cannot be read, or has too many or too long fields."),
    "invalid_csv": ProblemKind(400, "The CSV breaks the rules of csv.md; `errors` names each bad row."),
    "invalid_page_token": ProblemKind(400, "The `page_token` is none that a list answered."),
    "unauthorized": ProblemKind(401, "No API key was sent, or one that is not known."),
    "invalid_link_token": ProblemKind(403, "The link's token `t` is missing or does not open this file."),
    "not_found": ProblemKind(404, "There is no such request, file or path, or it is somebody else's."),
    "method_not_allowed": ProblemKind(405, "The path is there, the method is not; `Allow` lists those that are."),
    "upload_timeout": ProblemKind(408, "The body of the upload was not there within the time for it."),
    "conflict": ProblemKind(409, "The state that the request is in does not allow it."),
    "idempotency_key_in_use": ProblemKind(409, "An upload with this `Idempotency-Key` is under way; send it again."),
    "already_final": ProblemKind(409, "The request has ended; only one that was cancelled may be cancelled again."),
    "not_final": ProblemKind(409, "The request has not ended; cancel it first, or wait."),
    "not_retryable": ProblemKind(409, "The request has not ended, or none of its images failed."),
    "retry_deleted": ProblemKind(409, "The request was tried again and that retry was deleted."),
    "retry_in_progress": ProblemKind(409, "Another call is making the same retry and takes long; send it again."),
    "no_webhook": ProblemKind(409, "There is no webhook to send: no receiver, or the request has not ended."),
    "precondition_failed": ProblemKind(412, "The file's ETag is none of those in `If-Match`."),
    "too_large": ProblemKind(413, "The body or the file is over the limit of bytes."),
    "unsupported_media_type": ProblemKind(415, "The body is neither multipart/form-data nor text/csv, or is encoded."),
    "range_not_satisfiable": ProblemKind(416, "The range begins behind the file's end; `Content-Range` has its size."),
    "idempotency_key_reused": ProblemKind(422, "This `Idempotency-Key` was used for another upload."),
    "internal_error": ProblemKind(500, "A fault of the service; its log says more."),
    "cluster_refused": ProblemKind(502, "The cluster does not let the service do it; the log says why."),
    "database_unavailable": ProblemKind(503, "The database does not answer; ask again, upload with the same key."),
    "store_unavailable": ProblemKind(503, "The object store does not answer; nothing was accepted."),
    "cluster_unavailable": ProblemKind(503, "The cluster does not answer; ask again."),
    "too_many_streams": ProblemKind(503, "As many clients watch requests as may at once; ask `/status` instead."),
}
