"""Memory for the capture kernel: now, and at the next boot."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..changing.obstacle import obstacle
from ..changing.wanted import BOOT_ROOM, ENTRY_ROOM, GIB, Reserve, is_enough, reserve
from ..facts.boot_loader import ENTRY_FILES
from ..facts.crashkernel import Reservation, rounded
from ..facts.machine import Facts
from ..finding import ENABLE, REBOOT, Finding, Severity, Source
from ..policy import Policy
from . import boot_partition
from .words import asked_at, mib, unseen

SMALLER = "find out why the kernel could not reserve it (journalctl -k -g crashkernel), or ask for less"
# What kernel/crash_reserve.c and, before Linux 6.9, arch/x86/kernel/setup.c say when nothing was reserved.
REFUSED = re.compile(
    r"cannot allocate crashkernel"
    r"|crashkernel.*(reservation failed|resulted in zero|expected|end <= start|invalid|unrecognized)"
)


def reserved_now(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD020: the capture kernel lives in memory that the running kernel set aside at boot; the kernel's own
    number is /sys/kernel/kexec_crash_size (Documentation/ABI/testing/sysfs-kernel-kexec_crash_size)."""
    want = reserve(facts, policy)
    if facts.reserved_bytes is None:
        yield unseen("KD020", "How much memory is reserved for a capture kernel", "/sys/kernel/kexec_crash_size")
        return
    if want is None or (want.problem and facts.reserved_bytes) or is_enough(facts.reserved_bytes, want, policy):
        return
    failed, after_reboot = reservation_failed(facts), _next_boot_is_enough(facts, policy, want)
    held = obstacle(facts, policy)
    yield Finding(
        id="KD020",
        severity=Severity.ERROR,
        title=f"{_amount(facts.reserved_bytes, want)} memory is reserved for a capture kernel",
        current=f"{mib(facts.reserved_bytes)} reserved; {_asked(facts.running)}",
        wanted=_wanted(want),
        evidence=(
            Source("/sys/kernel/kexec_crash_size", 0, str(facts.reserved_bytes)),
            Source("/proc/cmdline", 0, facts.running.text if facts.running else ""),
            *(Source("/dev/kmsg", 0, line) for line in facts.evidence.kernel_log or () if REFUSED.search(line)),
        ),
        remedy=SMALLER if failed else REBOOT if after_reboot else held.remedy if held else ENABLE,
        needs_reboot=after_reboot,
        blocks_capture=failed or (facts.reserved_bytes == 0 and _next_boot_is_nothing(facts)),
        by_hand=failed or held is not None,
    )


def _next_boot_is_nothing(facts: Facts) -> bool:
    return facts.next_boot is not None and not facts.next_boot.size_bytes


def reserved_at_next_boot(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD021: what counts is the entry that the boot loader takes by itself, as it is in grub.cfg or in a file of its
    own, and what the kernel makes of its last crashkernel= on this RAM (kernel/crash_reserve.c)."""
    want = reserve(facts, policy)
    if facts.next_boot is None or facts.next_entry is None:
        if next(boot_partition.unseen(facts, policy), None):
            return  # KD092 says why
        yield unseen("KD021", "What the next boot reserves", facts.menu.config)
        return
    if (
        want is None
        or (want.problem and facts.next_boot.size_bytes)
        or is_enough(facts.next_boot.size_bytes, want, policy)
    ):
        return
    held = obstacle(facts, policy)
    entry = facts.next_entry
    asked = asked_at(facts, entry, facts.next_boot.text or "linux " + entry.kernel)
    yield Finding(
        id="KD021",
        severity=Severity.ERROR,
        title=f"{_amount(facts.next_boot.size_bytes, want)} memory will be reserved at the next boot",
        current=f"{mib(facts.next_boot.size_bytes)}; {_asked(facts.next_boot)}",
        wanted=_wanted(want),
        evidence=(held.where, asked, *_losers(facts, held.where)) if held else (asked,),
        remedy=held.remedy if held else ENABLE,
        blocks_capture=not facts.next_boot.size_bytes,
        by_hand=held is not None,
    )


def _losers(facts: Facts, winner: Source) -> Iterator[Source]:
    """What the GRUB defaults ask for, and what another place wins over."""
    for word in facts.grub_defaults.written:
        if (word.path, word.line) != (winner.source, winner.line):
            yield Source(word.path, word.line, word.text)


def grub_defaults(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD022: grub-mkconfig sources these files with sh; with a syntax error, or a `+=` that dash takes for a command
    it cannot find, no grub.cfg can be made any more, so nothing is changed before it is mended."""
    fault = facts.grub_fault
    if fault is None:
        return
    yield Finding(
        id="KD022",
        severity=Severity.ERROR,
        title="The GRUB defaults cannot be read by the shell",
        current=f"line {fault.line}: {fault.message}",
        wanted="files that sh can read",
        evidence=(Source(fault.path, fault.line, fault.message),),
        remedy=f"mend {fault.path}, then: {ENABLE}",
        by_hand=True,
    )


def boot_room(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD025: a new grub.cfg, or boot entry where those have files, is written beside the old one before it takes its
    place; package scripts need the same."""
    made, room = ("boot entry", ENTRY_ROOM) if facts.boot_loader in ENTRY_FILES else ("grub.cfg", BOOT_ROOM)
    if facts.boot_free_bytes is None or facts.boot_free_bytes >= room:
        return
    yield Finding(
        id="KD025",
        severity=Severity.WARNING,
        title=f"There is no room for a new {made}",
        current=f"{facts.boot_free_bytes // 1024} KiB free",
        wanted=f"{room // 1024} KiB",
        evidence=(Source(_directory(facts)),),
        remedy=f"make room in the file system of {_directory(facts)}",
        by_hand=True,
    )


def _directory(facts: Facts) -> str:
    return facts.menu.config.rpartition("/")[0]


def recommendation(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD023: a capture kernel needs memory that the machine then lacks; below 2 GiB that is a large part of it."""
    want = reserve(facts, policy)
    if want is None:
        yield unseen("KD023", "How much RAM the machine has", "/proc/iomem")
        return
    if want.problem:
        explicit = policy.crashkernel != "auto"
        yield Finding(
            id="KD023",
            severity=Severity.ERROR if explicit else Severity.WARNING,
            title="The policy's reservation is nothing here"
            if explicit
            else "No reservation can be recommended for this machine",
            current=want.problem,
            wanted="an explicit value, if this machine is to be crash-ready",
            evidence=(Source("/proc/iomem", 0, mib(facts.memory_bytes or 0)),),
            remedy="set kdump_crashkernel in the policy",
            by_hand=True,
        )
    elif facts.memory_bytes and rounded(facts.memory_bytes) < 2 * GIB:
        yield Finding(
            id="KD023",
            severity=Severity.WARNING,
            title="The capture kernel takes a large part of this machine's RAM",
            current=f"{mib(want.size_bytes)} of {mib(facts.memory_bytes)}",
            wanted="2 GiB of RAM or more",
            evidence=(Source("/proc/iomem", 0, mib(facts.memory_bytes)),),
            remedy="give the machine more RAM, or prove that a dump comes out",
            by_hand=True,
        )


def reboots_through_kexec(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD024: kexec-tools can turn every reboot into a kexec, which skips the boot loader: a new command line
    then never takes effect (/etc/init.d/kexec of kexec-tools before 2.0.27; later, `systemctl reboot` does so by
    itself once a kernel is loaded, systemctl(1))."""
    where = facts.kexec_reboots or Source("/sys/kernel/kexec_loaded", 0, "1")
    if facts.kexec_reboots is None and not facts.kexec_loaded:
        return
    yield Finding(
        id="KD024",
        severity=Severity.WARNING,
        title="A reboot goes through kexec and skips the boot loader",
        current=where.text,
        wanted="reboots through the boot loader",
        evidence=(where,),
        remedy=f"set LOAD_KEXEC=false in {where.source}" if facts.kexec_reboots else "unload it with: kexec -u",
        by_hand=True,
    )


def _next_boot_is_enough(facts: Facts, policy: Policy, want: Reserve) -> bool:
    """Whether a reboot brings what is wanted. Asking again for what this boot asked for and did not get does not."""
    size = facts.next_boot.size_bytes if facts.next_boot else None
    enough = bool(size) if want.problem else is_enough(size, want, policy)
    return enough and not reservation_failed(facts)


def reservation_failed(facts: Facts) -> bool:
    """This kernel was asked for memory, as the next one will be, and reserved nothing."""
    asked = facts.running is not None and facts.running.size_bytes > 0
    same = facts.running is not None and facts.next_boot is not None and facts.running.text == facts.next_boot.text
    return facts.reserved_bytes == 0 and asked and same


def _asked(reservation: Reservation | None) -> str:
    if reservation is None:
        return "the command line could not be read"
    return " - ".join(part for part in (reservation.text, reservation.problem) if part)


def _amount(size_bytes: int, want: Reserve) -> str:
    if not size_bytes:
        return "No"
    return "Too little" if size_bytes < want.size_bytes else "More than the wanted"


def _wanted(want: Reserve) -> str:
    return f"{mib(want.size_bytes)}, {want.reason}: crashkernel={want.text}" if not want.problem else want.problem
