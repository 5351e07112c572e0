"""What controllers and kubelet do to Indexed Jobs in a `MemoryCluster`: one step at every look at Jobs or pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from support.shard_programs import HOLD

from fakes.memory_cluster import MADE_AT, MemoryCluster
from imagebatch.cluster.client import JOBS, PODS, Kind, Object

DONE, NEVER, STOPPED = 0, 42, 43
INDEX = "batch.kubernetes.io/job-completion-index"


class MemoryControllers:
    """Runs shards that end with `codes` by index. A pod that is to end takes one step more for it."""

    def __init__(self, cluster: MemoryCluster, codes: Sequence[int]) -> None:
        self._cluster = cluster
        self._codes = codes
        self._ended: dict[str, dict[int, bool]] = {}
        self._failures: Counter[tuple[str, int]] = Counter()
        cluster.meanwhile = self._step

    def _step(self, verb: str, kind: Kind, _: str) -> None:
        if verb not in ("GET", "LIST") or kind not in (JOBS, PODS):
            return
        jobs = {job["metadata"]["uid"]: job for job in self._cluster.made(JOBS)}
        for pod in self._cluster.made(PODS):
            self._go_on(pod, jobs.get(pod["metadata"]["ownerReferences"][0]["uid"]))
        for job in jobs.values():
            self._control(job)

    def _go_on(self, pod: Object, job: Object | None) -> None:
        """End a pod that was asked to, or whose program is at its end; ask it to if its Job is gone."""
        index, asked = int(pod["metadata"]["labels"][INDEX]), "deletionTimestamp" in pod["metadata"]
        code = STOPPED if asked else self._codes[index]
        if code == HOLD:
            if job is None:
                self._ask_to_stop(pod)
            return
        self._cluster.remove(PODS, pod["metadata"]["name"])
        if job is not None:
            self._record(job, index, code)

    def _record(self, job: Object, index: int, code: int) -> None:
        uid, spec = job["metadata"]["uid"], job["spec"]
        if code not in (DONE, STOPPED):
            self._failures[uid, index] += 1
        if code in (DONE, NEVER) or self._failures[uid, index] > spec["backoffLimitPerIndex"]:
            self._ended.setdefault(uid, {})[index] = code == DONE

    def _control(self, job: Object) -> None:
        spec, ended = job["spec"], self._ended.get(job["metadata"]["uid"], {})
        pods = self._pods_of(job)
        staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        allowed = 0 if spec["suspend"] else spec["parallelism"]
        for pod in staying[allowed:]:
            self._ask_to_stop(pod)
        busy = {int(pod["metadata"]["labels"][INDEX]) for pod in pods}
        waiting = [index for index in range(spec["completions"]) if index not in ended and index not in busy]
        for index in waiting[: max(0, allowed - len(staying))]:
            self._start(job, index)
        self._tell(job, ended)

    def _tell(self, job: Object, ended: dict[int, bool]) -> None:
        pods = self._pods_of(job)
        ending = sum("deletionTimestamp" in pod["metadata"] for pod in pods)
        failed = ",".join(str(index) for index, good in sorted(ended.items()) if not good)
        conditions = {"Suspended": job["spec"]["suspend"]}
        if len(ended) == job["spec"]["completions"] and not pods:
            conditions["Failed" if failed else "Complete"] = True
        status: dict[str, Any] = {
            "active": len(pods) - ending,
            "terminating": ending,
            "succeeded": sum(ended.values()),
            "failedIndexes": failed,
            "conditions": [{"type": kind, "status": str(holds)} for kind, holds in conditions.items()],
        }
        self._cluster.edit(JOBS, job["metadata"]["name"], status=status)

    def _pods_of(self, job: Object) -> list[Object]:
        uid = job["metadata"]["uid"]
        return [pod for pod in self._cluster.made(PODS) if pod["metadata"]["ownerReferences"][0]["uid"] == uid]

    def _start(self, job: Object, index: int) -> None:
        metadata = deepcopy(job["spec"]["template"]["metadata"])
        metadata["labels"][INDEX] = str(index)
        metadata["name"] = f"{job['metadata']['name']}-{index}"
        metadata["ownerReferences"] = [{"uid": job["metadata"]["uid"], "controller": True}]
        self._cluster.put(PODS, {"metadata": metadata, "status": {"phase": "Running"}})

    def _ask_to_stop(self, pod: Object) -> None:
        self._cluster.edit(PODS, pod["metadata"]["name"], metadata={"deletionTimestamp": MADE_AT})
