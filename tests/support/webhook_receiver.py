"""A receiver of webhooks for tests: records every delivery and answers as told."""

from __future__ import annotations

from support.loopback_server import LoopbackServer, Reply, Request


class WebhookReceiver(LoopbackServer):
    """Answers 204 unless told otherwise; `deliveries` holds what was posted, in order."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__(self._answer, host)
        self._answers: list[Reply] = [Reply(status=204)]

    @property
    def address(self) -> str:
        """The URL to give as webhook_url."""
        return self.url("/webhook")

    @property
    def deliveries(self) -> list[Request]:
        with self.lock:
            return [request for request in self.requests if request.method == "POST"]

    def answer_with(self, *answers: Reply | int) -> None:
        """Answer the coming deliveries one by one with these (a number is a status); the last one stays."""
        with self.lock:
            self._answers = [Reply(status=each) if isinstance(each, int) else each for each in answers]

    def _answer(self, request: Request) -> Reply:
        with self.lock:
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
