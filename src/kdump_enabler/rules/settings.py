"""Which events panic, what a panic does, and the SysRq crash key."""

from __future__ import annotations

from collections.abc import Iterator

from ..changing.wanted import held_back, panic_settings, satisfied, sysrq_now, waits
from ..changing.wanted import sysrq as wanted_sysrq
from ..facts.machine import Facts
from ..facts.settings import PANIC_DROPIN, SYSRQ, SYSRQ_DROPIN
from ..facts.sysctl import Assignment, Setting, integer
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy
from .sysctl_files import unless_beaten
from .words import unseen


def panic_at_next_boot(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD060: without these settings the kernel goes on after an oops or an unexplained NMI, and hangs for good
    after a panic whose dump failed (admin-guide/sysctl/kernel.rst)."""
    for key, wanted in panic_settings(facts, policy).items():
        setting = facts.settings[key]
        assignment = setting.next_boot
        if setting.closed_file:
            yield unseen("KD060", f"{key} for the next boot", setting.closed_file)
        elif not satisfied(setting, assignment.value if assignment else None, policy):
            finding = Finding(
                id="KD060",
                severity=Severity.ERROR,
                title=f"{key} is not set for the next boot",
                current=assignment.value if assignment else "no file sets it",
                wanted=str(wanted),
                evidence=(_where(facts.settings[key], assignment),),
                remedy=ENABLE,
            )
            yield unless_beaten(finding, setting, PANIC_DROPIN)


def panic_now(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD061: the same settings in the running kernel. What makes an event panic goes live only once a capture
    kernel is loaded: a panic that leaves no dump would only cost the machine."""
    for key, wanted in panic_settings(facts, policy).items():
        setting = facts.settings[key]
        if setting.running is None or satisfied(setting, setting.running, policy):
            continue
        pending = waits(facts, key, policy)
        yield Finding(
            id="KD061",
            severity=Severity.INFO if pending else Severity.ERROR,
            title=f"{key} waits for a capture kernel" if pending else f"{key} is not set now",
            current=setting.running,
            wanted=str(wanted),
            evidence=(_running(setting),),
            remedy="nothing: it goes live when a capture kernel is loaded" if pending else ENABLE,
            by_hand=pending,
        )


def unexplained_nmi(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD062: on hardware that sends NMIs nobody explains, panicking on them would take a working machine down."""
    off = held_back(facts, policy)
    if facts.unexplained_nmi and off:
        yield Finding(
            id="KD062",
            severity=Severity.INFO,
            title="Unexplained NMIs were seen, so panics on NMI are left off",
            current=facts.unexplained_nmi,
            wanted="the cause of the NMI, or an explicit policy",
            evidence=(Source("/dev/kmsg", 0, facts.unexplained_nmi),),
            remedy="set " + " and ".join(off) + " in kdump_sysctls if they are meant to panic",
            by_hand=True,
        )


def sysrq(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD070: Alt-SysRq-c on a keyboard or serial line needs bit 8 of kernel.sysrq (admin-guide/sysrq.rst); writing
    to /proc/sysrq-trigger as root does not."""
    setting = facts.settings[SYSRQ]
    at_next_boot = setting.next_boot.value if setting.next_boot else None
    for when, value, wanted, where in (
        ("at the next boot", at_next_boot, wanted_sysrq(facts, policy), _where(setting, setting.next_boot)),
        ("now", setting.running, sysrq_now(facts, policy), _running(setting)),
    ):
        closed = setting.closed_file if when == "at the next boot" else "" if setting.running else where.source
        if wanted is not None and closed:
            yield unseen("KD070", f"Whether the SysRq crash key works {when}", closed)
        elif wanted is not None and integer(value) != wanted:
            finding = Finding(
                id="KD070",
                severity=Severity.ERROR,
                title=f"The SysRq crash key does not work {when}",
                current=value or f"no file sets it; {setting.running} now",
                wanted=str(wanted),
                evidence=(where,),
                remedy=ENABLE,
            )
            yield finding if when == "now" else unless_beaten(finding, setting, SYSRQ_DROPIN)


def sysrq_off(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD071: an administrator who switched SysRq off meant it; a dump can still be triggered by root."""
    setting = facts.settings[SYSRQ]
    value = setting.next_boot_of_others.value if setting.next_boot_of_others else setting.running
    if (policy.sysrq == "auto" or not policy.sysrq_stated) and integer(value) == 0:
        yield Finding(
            id="KD071",
            severity=Severity.INFO,
            title="SysRq is switched off, and stays so",
            current="kernel.sysrq = 0",
            wanted="nothing, unless the crash key is wanted",
            evidence=(_where(setting, setting.next_boot_of_others),),
            remedy="set kdump_sysrq in the policy to have the crash key",
            by_hand=True,
        )


def _where(setting: Setting, assignment: Assignment | None) -> Source:
    if assignment is None:
        return _running(setting)
    return Source(assignment.source, assignment.line, f"{setting.key} = {assignment.value}")


def _running(setting: Setting) -> Source:
    return Source("/proc/sys/" + setting.key.replace(".", "/"), 0, setting.running or "")
