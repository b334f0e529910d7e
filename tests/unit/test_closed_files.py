"""A look without root: what only root can read is unknown, and no verdict is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from kdump_enabler.audit import Audit
from tests.hosts import machines
from tests.hosts.machines import Raw
from tests.unit.building import judge

# Where recordings hold no modes, or those of a machine that was changed: what grub-mkconfig and packages make 0600 or
# 0700, on one distribution or the other.
ROOTS = re.compile(r"/boot/(grub2?|efi/EFI/[^/]+)/(grub\.cfg|grubenv)|/etc/sysconfig/kdump|/etc/kdump\.conf")
OTHERS_MAY_READ = 0o004


def closed(raw: Raw) -> list[str]:
    """The files of a machine that a user may find closed."""
    there = {path: one for path, one in raw["files"].items() if "error" not in one and one.get("text") is not None}
    return [path for path, one in there.items() if ROOTS.fullmatch(path) or not one.get("mode", 4) & OTHERS_MAY_READ]


def as_user(raw: Raw) -> Raw:
    """The machine as somebody without rights sees it; the addresses in /proc/iomem are zeros then (proc_iomem(5))."""
    for path in closed(raw):
        machines.unreadable(raw, path)
    text = raw["files"].get("/proc/iomem", {}).get("text")
    if text is not None:
        machines.write(raw, "/proc/iomem", re.sub(r"[0-9a-f]+-[0-9a-f]+ :", "00000000-00000000 :", text))
    return {**raw, "euid": 1000, "kernel_log": {"error": "EPERM"}}


def views(name: str) -> Iterator[Raw]:
    """A machine with one file closed after the other, then with all of them as a user."""
    for path in closed(machines.load(name)):
        raw = machines.load(name)
        machines.unreadable(raw, path)
        yield raw
    yield as_user(machines.load(name))


def certain(found: Audit) -> set[str]:
    """The errors that stand for something that was seen; KD092 says itself that a file could not be read."""
    return {one.id for one in found.findings if one.severity.value == "error" and not one.unseen and one.id != "KD092"}


@pytest.mark.parametrize("machine", machines.names())
def test_no_closed_file_makes_a_machine_better_or_worse(machine: str) -> None:
    whole = judge(machines.load(machine))
    for part in map(judge, views(machine)):
        assert part.verdict is whole.verdict or part.verdict.value not in ("broken", "ready")
        assert part.captures_now in (None, whole.captures_now)
        assert whole.verdict.value == "unsupported" or certain(part) <= certain(whole)


def test_a_machine_that_only_needs_a_reboot_is_not_broken_for_a_user() -> None:
    """Debian's grub.cfg is 0600; until it was read, what the next boot reserves is unknown."""
    raw = machines.load("debian12-pending")
    machines.unreadable(raw, "/boot/grub/grub.cfg")
    found = judge(raw)
    assert (found.verdict.value, {one.id for one in found.findings if one.unseen}) == ("drift", {"KD021"})


def test_a_load_that_failed_without_a_reason_is_broken_whatever_boots_next() -> None:
    raw = machines.load("debian12-load-failed")
    assert judge(raw).verdict.value == "broken"
    machines.unreadable(raw, "/boot/grub/grub.cfg")
    assert judge(raw).verdict.value == "broken"


def test_a_target_that_nobody_could_read_is_not_the_default_one() -> None:
    """/etc/sysconfig/kdump of SUSE may hold a password."""
    raw = machines.load("leap15-almost-full")
    assert judge(raw).captures_now is False
    machines.unreadable(raw, "/etc/sysconfig/kdump")
    found = judge(raw)
    assert found.captures_now is None
    assert any(one.id == "KD053" and one.unseen for one in found.findings)
