"""What containers left behind is found by the cluster's own folder, and nothing beside it."""

from __future__ import annotations

from cluster.leftovers import is_shim, mounts_below

LINE = "{number} 25 0:45 / {point} rw,relatime - tmpfs tmpfs rw"


def mountinfo(*points: str) -> str:
    return "\n".join(LINE.format(number=number, point=point) for number, point in enumerate(points))


def test_mounts_when_one_is_inside_another_come_innermost_first() -> None:
    told = mountinfo("/", "/s/cluster", "/s/cluster/kubelet/pods/a/volumes/v", "/s/cluster/kubelet")
    assert mounts_below("/s/cluster", told) == [
        "/s/cluster/kubelet/pods/a/volumes/v",
        "/s/cluster/kubelet",
        "/s/cluster",
    ]


def test_mounts_when_a_neighbour_has_a_longer_name_are_not_its() -> None:
    assert mounts_below("/s/cluster", mountinfo("/s/cluster2/kubelet", "/s", "/var/s/cluster")) == []


def test_mounts_when_their_names_have_spaces_are_found_by_the_real_name() -> None:
    assert mounts_below("/s/a b", mountinfo("/s/a\\040b/kubelet")) == ["/s/a b/kubelet"]


def test_shim_when_it_belongs_to_another_containerd_is_not_ours() -> None:
    command = ["/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io", "-id", "x", "-address", "/s/containerd.sock"]
    assert is_shim(command, "/s/containerd.sock")
    assert not is_shim(command, "/run/containerd/containerd.sock")
    assert not is_shim(["tail", "-F", "/s/containerd.sock"], "/s/containerd.sock")
    assert not is_shim([], "/s/containerd.sock")
