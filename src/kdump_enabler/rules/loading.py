"""Why no capture kernel is loaded although there is memory for one."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts.machine import Facts
from ..finding import REBOOT, Finding, Severity, Source
from ..policy import Policy
from .capture import is_off, missing_packages, obstacle
from .lockdown import kexec_lines


def failed(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD033: the init script of kdump-tools ends with success whatever `kdump-config load` answered, so its unit is
    active after a failed load, too (/etc/init.d/kdump-tools). Where none of the known reasons is there, only its
    own words help."""
    unit = facts.unit(facts.platform.unit) if facts.platform else None
    if facts.platform is None or unit is None or unit.active_state not in ("active", "failed"):
        return
    if not facts.reserved_bytes or facts.capture_loaded is not False or _has_reason(facts):
        return
    name = facts.platform.unit
    yield Finding(
        id="KD033",
        severity=Severity.WARNING,
        title=f"{name} has run, yet loaded nothing",
        current=f"{name} is {unit.active_state} ({unit.sub_state}, {unit.result}), no usual reason is there",
        wanted="a loaded capture kernel",
        evidence=(
            Source(f"systemctl show {name}", 0, f"ActiveState={unit.active_state}, Result={unit.result}"),
            Source("/sys/kernel/kexec_crash_size", 0, str(facts.reserved_bytes)),
            *(Source("/dev/kmsg", 0, line) for line in kexec_lines(facts)),
        ),
        remedy=f"`sudo {facts.platform.load_command}` says why, and so may `journalctl -b -u {name}`",
        by_hand=True,
    )


def _has_reason(facts: Facts) -> bool:
    """One of the other rules says why nothing is loaded."""
    switch = facts.config.switch
    if facts.own_units and not facts.image.kept and facts.image.fault != "":
        return True
    no_initrd = facts.capture_initrd is not None and facts.capture_initrd.absent and not facts.own_units
    off = switch is not None and is_off(switch.value)
    forbidden = facts.load_disabled or obstacle(facts)
    return bool(off or forbidden or no_initrd or facts.removed_image or missing_packages(facts))


def removed(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD032: kdump-config loads the kernel that runs, from /boot/vmlinuz-<release>, and finds nothing when its
    package was removed since the boot (create_symlink and locate_kdump_kernel of kdump-config)."""
    entry = facts.next_entry
    if facts.capture_loaded is not False or not facts.reserved_bytes or not facts.removed_image or entry is None:
        return
    yield Finding(
        id="KD032",
        severity=Severity.ERROR,
        title="The running kernel was removed from /boot",
        current=f"{facts.removed_image} does not exist",
        wanted=f"{entry.kernel}, which the next boot takes",
        evidence=(Source(facts.removed_image),),
        remedy=REBOOT,
        needs_reboot=True,
    )
