"""What is built for the throw-away cluster is pinned, and found again only while no pin and no flag is another one."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from cluster import programs
from cluster.programs import KUBERNETES, MODULES, Module, built_in, key_of, link_flags, pinned
from cluster.running import Refused

if TYPE_CHECKING:
    from pathlib import Path

GO_MOD = "module x\n\nrequire k8s.io/kubernetes v1.34.4\n\nrequire (\n\tk8s.io/api v0.34.4\n)\n"


def test_version_when_it_is_required_alone_or_in_a_block_is_found() -> None:
    assert pinned(GO_MOD, "k8s.io/kubernetes") == "v1.34.4"
    assert pinned(GO_MOD, "k8s.io/api") == "v0.34.4"


def test_version_when_nothing_requires_it_is_refused() -> None:
    with pytest.raises(Refused, match=r"k8s.io/apiserver is not required"):
        pinned(GO_MOD, "k8s.io/apiserver")


def test_kubernetes_when_it_is_linked_knows_its_version() -> None:
    flags = link_flags(KUBERNETES, GO_MOD)
    for name, value in (("gitVersion", "v1.34.4"), ("gitMajor", "1"), ("gitMinor", "34")):
        assert f"-X k8s.io/component-base/version.{name}={value}" in flags


def test_kubernetes_when_its_parts_are_pinned_has_one_version() -> None:
    go_mod = (KUBERNETES.folder / "go.mod").read_text("utf-8")
    replaced = re.findall(r"^\t(k8s\.io/\S+) => (\S+) v0\.(\S+)$", go_mod, re.MULTILINE)
    assert len(replaced) > 25
    assert {f"v1.{version}" for _, _, version in replaced} == {pinned(go_mod, "k8s.io/kubernetes")}
    assert all(old == new for old, new, _ in replaced)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_module_when_it_is_built_is_pinned_by_sums(module: Module) -> None:
    assert (module.folder / "go.mod").is_file()
    assert (module.folder / "go.sum").is_file()


def test_cache_when_a_sum_is_another_one_is_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = built_in(KUBERNETES, tmp_path)
    shutil.copytree(KUBERNETES.folder, tmp_path / "kubernetes")
    monkeypatch.setattr(programs, "TOOLS", tmp_path)
    assert built_in(KUBERNETES, tmp_path) == before
    with (tmp_path / "kubernetes" / "go.sum").open("a") as sums:
        sums.write("k8s.io/more v1.0.0 h1:x=\n")
    assert built_in(KUBERNETES, tmp_path) != before


def test_key_when_the_same_text_is_cut_elsewhere_is_another_one() -> None:
    assert key_of("ab", "c") != key_of("a", "bc")
