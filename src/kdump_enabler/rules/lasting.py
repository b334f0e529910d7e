"""What the next boot reserves, and whether it stays so with new kernels and updates."""

from __future__ import annotations

from collections.abc import Iterator

from .. import back_ends
from ..back_ends.bls import of_new_kernels
from ..changing.keeping import NO, RESET, is_reset, keeping
from ..changing.wanted import is_enough, reserve
from ..facts import kernelstub, raspberry_pi
from ..facts.boot_loader import KERNELSTUB
from ..facts.machine import Facts
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy
from .capture import missing_packages


def template(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD045: the entry of a kernel that is installed gets its options from /etc/kernel/cmdline (20-grub.install of
    grub2, 90-loaderentry.install of systemd), on EL 8 from kernelopts in GRUB's environment block, on Pop!_OS from
    kernelstub's configuration, and boots by itself from then on. Without enough there, the first update of the kernel
    ends it."""
    want, size = reserve(facts, policy), facts.next_boot.size_bytes if facts.next_boot else None
    back_end = back_ends.of(facts)
    if want is None or want.problem or not is_enough(size, want, policy) or back_end.lasts(facts, want, policy):
        return
    place, mended = _place(facts), bool(back_end.changes(facts, want.text, policy))
    if place is None:
        return
    yield Finding(
        id="KD045",
        severity=Severity.ERROR,
        title="A new kernel would reserve too little",
        current=f"new boot entries get: {place.text}",
        wanted=f"crashkernel={want.text}",
        evidence=(place,),
        remedy=ENABLE if mended else f"write crashkernel={want.text} into {place.source}{_by(place)}",
        by_hand=not mended,
    )


def _place(facts: Facts) -> Source | None:
    """Where a new kernel's command line comes from."""
    if facts.boot_loader == raspberry_pi.KIND:
        return Source(raspberry_pi.EXTRA, 1, (facts.evidence.text(raspberry_pi.EXTRA) or "").strip())
    stub = kernelstub.read(facts.evidence) if facts.boot_loader == KERNELSTUB else None
    return Source(kernelstub.PATH, 0, stub.command_line) if stub else of_new_kernels(facts)


def _by(place: Source) -> str:
    """The tool without which an environment block is not edited."""
    return ", by grub2-editenv" if place.source.endswith("grubenv") else ""


def reset(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD046: kdumpctl gives every kernel its own default when kdump-utils is updated and when a kernel is installed, in
    place of what was chosen, unless kdump.conf says `auto_reset_crashkernel no` (92-crashkernel.install,
    reset_crashkernel_after_update of kdumpctl, kdump.conf(5))."""
    if facts.platform is None or missing_packages(facts) or not is_reset(facts, policy):
        return
    value, mended = facts.config.values.get(RESET), keeping(facts, policy) is not None
    default = facts.platform.crashkernel.get(facts.arch or "", "")
    said = f"{RESET} {value.value}" if value else f"{RESET} is not set"
    yield Finding(
        id="KD046",
        severity=Severity.ERROR,
        title="An update would take the reservation back",
        current=f"{said}: kdumpctl would set crashkernel={default}",
        wanted=f"{RESET} {NO}",
        evidence=(Source(facts.platform.config, value.line if value else 0, said),),
        remedy=ENABLE if mended else f"write `{RESET} {NO}` into {facts.platform.config}",
        by_hand=not mended,
    )
