"""Enable, then rollback, over the files of every recorded machine: the same bytes, modes, links and names."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.kdump.enabler.plugins.modules import files, restore

from kdump_enabler import evidence, probe
from kdump_enabler.back_ends import by_hand
from kdump_enabler.changing.changes import FileChange
from kdump_enabler.facts import crashkernel, grub
from kdump_enabler.policy import Policy
from tests.hosts import machines, red_hat
from tests.modules.module_runner import tree
from tests.unit.building import judge

SET = "20250101T000000Z"
CHOSEN = {"sysctls": {"kernel.panic": 33}}  # so that every machine gets at least a policy file


class Module:
    """What our modules ask of Ansible's own class."""

    check_mode = False

    def __init__(self, **params: Any) -> None:
        self.params = params

    def selinux_enabled(self) -> bool:
        return False


def laid_out(raw: dict[str, Any], root: Path) -> Path:
    """The recorded configuration files, boot entries and links of a machine below a directory."""
    for path, record in raw["files"].items():
        boots = "/loader/entries/" in path or path.endswith(("/grubenv", "/cmdline.txt", "/extlinux.conf"))
        if (path.startswith("/etc/") or boots) and "error" not in record:
            place = root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if "link" in record:
                place.symlink_to(record["link"])
            else:
                place.write_bytes(record.get("text", "").encode("utf-8", "surrogateescape"))
                place.chmod(stat.S_IMODE(record["mode"]))
    (root / "etc").mkdir(parents=True, exist_ok=True)
    return root


def below(root: Path, change: FileChange) -> dict[str, Any]:
    """The change as the module takes it, of a file below a directory."""
    empty = {"before": None, "text": None, "lines": None, "absent": None, "mode": None}
    return {**empty, **change.as_dict(), "path": f"{root}{change.path}"}


def changes_of(plan: Any) -> list[FileChange]:
    """Every file that a plan writes or removes."""
    found = [
        getattr(plan, name)
        for name in ("leftovers", "kdump_config", "crashkernel", "panic_policy", "sysrq")
        if hasattr(plan, name)
    ]
    return [change for part in found for change in part]


@pytest.mark.parametrize("name", machines.names())
def test_the_same_bytes_after_enable_and_rollback(name: str, tmp_path: Path) -> None:
    raw = machines.load(name)
    root = laid_out(raw, tmp_path / "root")
    plan = judge(raw, **CHOSEN).plan
    original, links = tree(root), _links(root)
    made = changes_of(plan)
    backups = str(tmp_path / "backups")
    parts = [made[:1], made[1:]]  # in two calls of one run, as the roles do
    for part in parts:
        wanted = [below(tmp_path / "root", change) for change in part]
        done = files.work(
            Module(changes=wanted, backup_set=SET, backup_root=backups, packages=[], units={}, tool_version="x")
        )
        assert done["changed"] is bool(part)
    assert (tree(root) == original) is not bool(made)
    if made:
        restore.work(
            Module(backup_set="latest", backup_root=backups, force=False, close=True, settings_root="/proc/sys")
        )
    assert tree(root) == original
    assert _links(root) == links
    assert bool(made) is not bool(plan.refusal or raw_is_unsupported(raw))


@pytest.mark.parametrize("name", ["rhel9-unreserved", "rhel9-kernelopts", "rocky9-auto", "centos10-boots-the-older"])
def test_what_the_probe_reads_back_is_what_the_plan_said(name: str, tmp_path: Path) -> None:
    """The boot entries on a disk, written by the module and read by the probe."""
    raw, root = machines.load(name), laid_out(machines.load(name), tmp_path / "root")
    for path in (red_hat.GRUB_CFG, red_hat.GRUB_ENV):
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(raw["files"][path]["text"], encoding="utf-8")
    found = judge(raw)
    wanted = [below(root, change) for change in found.plan.crashkernel]
    module = Module(
        changes=wanted, backup_set=SET, backup_root=str(tmp_path / "b"), packages=[], units={}, tool_version=""
    )
    assert files.work(module)["changed"] is True
    entry = grub.read(evidence.load(json.dumps(probe.collect(str(root))))).next_entry
    assert entry is not None
    assert found.wanted is not None
    assert crashkernel.words(entry.command_line)[-1] == found.wanted.text


def raw_is_unsupported(raw: dict[str, Any]) -> bool:
    """Nothing is planned for a machine that is not ours to set up, or not before a person did what only they do."""
    found = judge(raw)
    waits = found.facts is not None and bool(by_hand.first(found.facts, Policy()))
    return waits or found.verdict.value == "unsupported"


def _links(etc: Path) -> dict[str, str]:
    return {str(path): str(path.readlink()) for path in sorted(etc.rglob("*")) if path.is_symlink()}
