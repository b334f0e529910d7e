"""What keeps panics that are wanted from ever happening, or makes them happen where nobody meant it."""

from __future__ import annotations

from collections.abc import Iterator

from ..changing.capture_line import WORD, hangs, with_panic
from ..changing.wanted import panic_settings
from ..facts import containers
from ..facts.machine import Facts
from ..facts.sysctl import Assignment, integer
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy, sysctls

NO_NMI_WATCHDOG = "Perf NMI watchdog permanently disabled"  # kernel/watchdog_perf.c, before 6.5 kernel/watchdog_hld.c
NMI_WATCHDOG, RCU_STALLS, OUT_OF_MEMORY = "kernel.nmi_watchdog", "kernel.panic_on_rcu_stall", "vm.panic_on_oom"
CMDLINE = "/proc/cmdline"
ALWAYS = 2  # of vm.panic_on_oom


def switched_off(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD063: a lockup panics only when its detector runs. `nowatchdog`, `nosoftlockup` and `nmi_watchdog=0` on the
    command line switch them off, and so do kernel.watchdog and the like (admin-guide/lockup-watchdogs.rst,
    admin-guide/kernel-parameters.txt)."""
    blind: dict[str, list[str]] = {}
    for key in _demanded(facts, policy):
        off = next((need for need in sysctls.table()[key].needs if _is_off(facts, need)), None)
        if off is not None and not (off == NMI_WATCHDOG and _no_nmi_line(facts)):
            blind.setdefault(off, []).append(key)
    for need, keys in blind.items():
        where = _who_switched_off(facts, need)
        yield Finding(
            id="KD063",
            severity=Severity.WARNING,
            title=f"{need} is off, so {' and '.join(keys)} do{'es' * (len(keys) == 1)} nothing",
            current=f"{need} = 0" + (f", by {where.text}" if where.source == CMDLINE else ""),
            wanted="a running detector, or a profile without it",
            evidence=(where,),
            remedy=_remedy(where),
            by_hand=True,
        )


def no_nmi_watchdog(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD064: without a performance counter there is no NMI watchdog, as on most virtual machines. A CPU that is stuck
    with interrupts off is then seen by nobody and the machine hangs until it is reset, unless RCU stalls panic
    (kernel.panic_on_rcu_stall, as in the profile vm): RCU looks by an ordinary timer of another CPU
    (kernel/watchdog_perf.c, Documentation/RCU/stallwarn.rst)."""
    line, demanded = _no_nmi_line(facts), _demanded(facts, policy)
    if line and RCU_STALLS not in demanded and not integer(_next(facts, RCU_STALLS)):
        named = [key for key in demanded if NMI_WATCHDOG in sysctls.table()[key].needs]
        yield Finding(
            id="KD064",
            severity=Severity.WARNING if named else Severity.INFO,
            title="Nothing sees a hard lockup here" + (f", so {named[0]} does nothing" if named else ""),
            current=line,
            wanted=f"{RCU_STALLS} = 1, which sees most of them",
            evidence=(Source("/dev/kmsg", 0, line),),
            remedy="choose kdump_panic_profile: vm, or set that key in kdump_sysctls",
            by_hand=True,
        )


def containers_out_of_memory(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD067: with vm.panic_on_oom=2 a single container that reaches its own memory limit panics the whole host, with
    all other containers; 1 panics only when the host itself is out of memory (admin-guide/sysctl/vm.rst,
    check_panic_on_oom in mm/oom_kill.c)."""
    mark, setting = containers.mark(facts.evidence), facts.settings[OUT_OF_MEMORY]
    asked = _demanded(facts, policy).get(OUT_OF_MEMORY) == ALWAYS
    if mark and (asked or ALWAYS in (integer(setting.running), integer(_next(facts, OUT_OF_MEMORY)))):
        where = setting.next_boot or Assignment(setting.running or str(ALWAYS), sysctls.table()[OUT_OF_MEMORY].file, 0)
        yield Finding(
            id="KD067",
            severity=Severity.WARNING,
            title="One container that is out of memory takes this host down",
            current=f"{OUT_OF_MEMORY} = {ALWAYS}" + (" is wanted" if asked else ""),
            wanted="1, which panics only when the host itself is out of memory",
            evidence=(Source(where.source, where.line, f"{OUT_OF_MEMORY} = {where.value}"), Source(mark)),
            remedy=f"set {OUT_OF_MEMORY}: 1 in kdump_sysctls, or choose another profile",
            by_hand=True,
        )


def capture_hangs(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD068: a capture kernel that panics itself waits for ever when its command line has no `panic=N`: a broken
    capture initrd, or too little memory for it, then costs the machine until somebody resets it. kdump-tools gives none
    by default (KDUMP_CMDLINE_APPEND in kdump-config), kdump-utils does (/etc/sysconfig/kdump), until somebody replaces
    its words. It counts from the next time that the capture kernel is loaded, at the latest the next boot."""
    where = hangs(facts)
    if where is not None:
        can, made = bool(with_panic(facts)), facts.config.capture_line
        default = "the words that `kdump-config test` shows at the end of its line and " if made.by_default else ""
        words = "its own words and " if where.line else default
        yield Finding(
            id="KD068",
            severity=Severity.WARNING,
            title="A capture kernel that panics would hang for ever",
            current=where.text,
            wanted=WORD,
            evidence=(where,),
            remedy=ENABLE if can else f"give {made.key} in {where.source} {words}{WORD}",
            by_hand=not can,
        )


RULES = (switched_off, no_nmi_watchdog, containers_out_of_memory, capture_hangs)


def _demanded(facts: Facts, policy: Policy) -> dict[str, sysctls.Value]:
    """The settings that are wanted here and make an event panic."""
    return {key: value for key, value in panic_settings(facts, policy).items() if sysctls.table()[key].panics and value}


def _no_nmi_line(facts: Facts) -> str:
    return next((line for line in facts.evidence.kernel_log or () if NO_NMI_WATCHDOG in line), "")


def _next(facts: Facts, key: str) -> str | None:
    found = facts.settings[key].next_boot
    return found.value if found else None


def _is_off(facts: Facts, key: str) -> bool:
    """Whether a detector does not run now, or will not after the next boot."""
    return 0 in (integer(facts.settings[key].running), integer(_next(facts, key)))


def _who_switched_off(facts: Facts, key: str) -> Source:
    """The file or the boot parameter that switches a detector off; the kernel's own word where nobody did."""
    setting, words = facts.settings[key], sysctls.boot_words(facts.command_line or "")
    file, row = setting.next_boot, sysctls.table()[key]
    if file is not None and file.line and integer(file.value) == 0:
        return Source(file.source, file.line, f"{key} = {file.value}")
    value, word = words.get(key, ("", ""))
    return Source(CMDLINE, 0, word) if integer(value) == 0 else Source(row.file, 0, setting.running or "0")


def _remedy(where: Source) -> str:
    if where.line:
        return f"take it out of {where.source}:{where.line}"
    if where.source == CMDLINE:
        return f"take {where.text} off the kernel command line, then reboot"
    return "boot with nmi_watchdog=1 where the machine has performance counters, or choose kdump_panic_profile: vm"
