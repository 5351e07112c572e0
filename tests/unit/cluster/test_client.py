"""What is asked of the API server, and what its answers become. No socket: the client below is played."""

from __future__ import annotations

import json
from typing import Any

import pytest
import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException

from imagebatch.cluster.client import IMAGE_BATCHES, JOBS, PODS, Cluster, refusal
from imagebatch.model.errors import Conflict, NotFound, Refused, Unavailable

JOB = {"metadata": {"name": "a"}}
GONE = {"message": "jobs a not found", "details": {"name": "a", "kind": "jobs"}}


class Answer:
    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def read(self) -> bytes:
        return self.body


class PlayedClient(ApiClient):
    """An API client that answers in turn, or raises; `asked` holds method, URL, headers and body."""

    def __init__(self, *answers: Answer | Exception) -> None:
        super().__init__(Configuration(host="https://cluster.example"))
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []

    def call_api(self, method: str, url: str, headers: Any, body: Any, *_: Any, **__: Any) -> Any:
        self.asked.append((method, url, headers, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_get_of_an_object_is_asked_in_the_namespace_and_counted() -> None:
    client, counted = PlayedClient(Answer(200, JOB)), []
    cluster = Cluster(client, "shop", lambda *request: counted.append(request))
    assert cluster.get(JOBS, "a") == JOB
    [(method, url, headers, body)] = client.asked
    assert (method, url, body) == ("GET", "https://cluster.example/apis/batch/v1/namespaces/shop/jobs/a", None)
    assert headers["Accept"] == "application/json"
    assert counted == [("GET", "jobs", 200)]


def test_get_of_an_object_that_is_not_there_is_none() -> None:
    assert Cluster(PlayedClient(Answer(404, GONE)), "shop").get(JOBS, "a") is None


@pytest.mark.parametrize("body", [b"404 page not found\n", {"message": "the server could not find it", "details": {}}])
def test_get_where_the_path_is_not_there_says_nothing_about_the_object(body: Any) -> None:
    with pytest.raises(Unavailable):
        Cluster(PlayedClient(Answer(404, body)), "shop").get(IMAGE_BATCHES, "a")


def test_list_in_several_pages_yields_them_all() -> None:
    pages = [
        Answer(200, {"metadata": {"continue": "next"}, "items": [{"n": 1}, {"n": 2}]}),
        Answer(200, {"metadata": {}, "items": [{"n": 3}]}),
    ]
    client = PlayedClient(*pages)
    assert [each["n"] for each in Cluster(client, "shop").list(PODS, "a=b")] == [1, 2, 3]
    first, second = (url for _, url, _, _ in client.asked)
    assert first.endswith("/namespaces/shop/pods?limit=500&labelSelector=a%3Db")
    assert second.endswith("&continue=next")


def test_list_whose_pages_expire_begins_anew_later() -> None:
    pages = [Answer(200, {"metadata": {"continue": "next"}, "items": []}), Answer(410, {"message": "expired"})]
    with pytest.raises(Unavailable, match="410 expired"):
        list(Cluster(PlayedClient(*pages), "shop").list(PODS))


def test_patch_of_a_status_merges_by_its_own_path() -> None:
    client = PlayedClient(Answer(200, JOB))
    Cluster(client, "shop").patch(IMAGE_BATCHES, "a", {"status": {}}, "status")
    [(method, url, headers, body)] = client.asked
    assert (method, body) == ("PATCH", {"status": {}})
    assert url.endswith("/apis/imagebatch.io/v1alpha1/namespaces/shop/imagebatches/a/status")
    assert headers["Content-Type"] == "application/merge-patch+json"


def test_delete_of_one_uid_takes_what_it_owns_along() -> None:
    client = PlayedClient(Answer(200, {}))
    Cluster(client, "shop").delete(JOBS, "a", "some-uid")
    assert client.asked[0][3] == {"propagationPolicy": "Background", "preconditions": {"uid": "some-uid"}}


@pytest.mark.parametrize("answer", [Answer(404, GONE), Answer(409, {"message": "another uid"})])
def test_delete_of_what_is_gone_does_nothing(answer: Answer) -> None:
    Cluster(PlayedClient(answer), "shop").delete(JOBS, "a", "some-uid")


@pytest.mark.parametrize(
    "error",
    [
        urllib3.exceptions.ProtocolError("cut off"),
        urllib3.exceptions.MaxRetryError(None, "/", "refused"),  # type: ignore[arg-type]
        ConnectionResetError("reset"),
        ApiException(status=0, reason="SSLError"),
        ConfigException("Token file exists but empty."),
    ],
)
def test_request_without_an_answer_is_counted_as_0_and_tried_again(error: Exception) -> None:
    counted: list[tuple[str, str, int]] = []
    cluster = Cluster(PlayedClient(error), "shop", lambda *request: counted.append(request))
    with pytest.raises(Unavailable) as raised:
        cluster.create(JOBS, JOB)
    assert raised.value.dependency == "cluster"
    assert counted == [("POST", "jobs", 0)]


def test_answer_that_is_no_json_is_tried_again() -> None:
    with pytest.raises(Unavailable, match="no JSON"):
        Cluster(PlayedClient(Answer(200, b"<html>")), "shop").get(JOBS, "a")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, Refused) for status in (400, 403, 405, 413, 415, 422)),
        *((status, Unavailable) for status in (300, 401, 404, 408, 410, 429, 500, 502, 503, 504)),
        (409, Conflict),
    ],
)
def test_refusal_of_every_status_is_one_of_ours(status: int, kind: type[Exception]) -> None:
    error = refusal("POST", JOBS, "", status, b'{"message": "no"}')
    assert type(error) is kind
    assert str(error) == f"POST jobs: {status} no"


def test_refusal_by_a_quota_is_one_that_passes() -> None:
    words = {"message": 'jobs.batch "a" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1'}
    assert isinstance(refusal("POST", JOBS, "", 403, json.dumps(words).encode()), Unavailable)


def test_refusal_that_names_an_object_says_that_there_is_none() -> None:
    error = refusal("PATCH", JOBS, "a", 404, json.dumps(GONE).encode())
    assert (type(error), str(error)) == (NotFound, "PATCH jobs a: 404 jobs a not found")


def test_refusal_of_a_patch_under_another_uid_is_a_conflict() -> None:
    causes = [{"reason": "FieldValueInvalid", "field": "metadata.uid", "message": "field is immutable"}]
    answer = {"message": "invalid", "details": {"name": "a", "causes": causes}}
    assert isinstance(refusal("PATCH", JOBS, "a", 422, json.dumps(answer).encode()), Conflict)


@pytest.mark.parametrize(
    ("answer", "is_going"),
    [
        (Answer(201, {}), False),
        (Answer(403, {"message": "no", "details": {"causes": [{"reason": "NamespaceTerminating"}]}}), True),
    ],
)
def test_namespace_that_is_being_deleted_takes_no_event(answer: Answer, is_going: bool) -> None:
    client = PlayedClient(answer)
    assert Cluster(client, "shop").namespace_is_going() is is_going
    [(method, url, _, _)] = client.asked
    assert (method, url.partition("/api/v1")[2]) == ("POST", "/namespaces/shop/events?dryRun=All")


def test_event_that_is_forbidden_leaves_open_whether_the_namespace_goes() -> None:
    with pytest.raises(Refused):
        Cluster(PlayedClient(Answer(403, {"message": "forbidden"})), "shop").namespace_is_going()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (json.dumps({"message": "x" * 100_000}).encode(), "x" * 1_000),
        (b"y" * 100_000, "y" * 200),
        (b"\xff", "�"),
        (b"[]", "[]"),
        (b'{"details": "?"}', '{"details": "?"}'),
        (b'{"message": "no", "details": {"causes": null}}', "no"),
        (b"", ""),
    ],
)
def test_refusal_in_whatever_words_is_cut_short(data: bytes, words: str) -> None:
    assert str(refusal("GET", JOBS, "a", 422, data)) == f"GET jobs a: 422 {words}"


def test_refusal_of_a_request_tells_nothing_of_what_was_sent() -> None:
    client = PlayedClient(Answer(403, {"message": "forbidden"}))
    client.configuration.api_key["BearerToken"] = "bearer very-secret"
    with pytest.raises(Refused) as raised:
        Cluster(client, "shop").create(JOBS, {"metadata": {"name": "a"}, "spec": "hidden"})
    assert client.asked[0][2]["authorization"] == "bearer very-secret"
    assert str(raised.value) == "POST jobs: 403 forbidden"
