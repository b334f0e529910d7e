"""What /etc/sysconfig/kdump of SUSE says that keeps a dump from coming out, or the machine from coming back."""

from __future__ import annotations

from collections.abc import Iterator

from ..changing.pinning import SERVICE, is_undone, pinned
from ..changing.wanted import is_enough, reserve
from ..facts import sysconfig
from ..facts.kdump_config import OF_SUSE
from ..facts.machine import Facts
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy
from .capture import missing_packages
from .words import mib, unseen

WAITS = (
    ("KDUMP_IMMEDIATE_REBOOT", True, "After a dump the machine would stay at a shell"),
    ("KDUMP_CONTINUE_ON_ERROR", True, "A dump that fails would leave the machine at a shell"),
)
RESIZE, TRANSFER, FORMAT = "KDUMP_AUTO_RESIZE", "KDUMP_TRANSFER", "KDUMP_DUMPFORMAT"
KEEP = "KDUMP_KEEP_OLD_DUMPS"


def undone(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD072: at each boot, and when kdump.service is started, kdump-commandline.service gives the boot loader what
    KDUMP_CRASHKERNEL says, or what `kdumptool calibrate` computes for `auto`, where the running kernel was asked for
    something else, unless KDUMP_UPDATE_BOOTLOADER is false (do_commandline of kdumptool, since kdump 2.0.19). So a
    reservation made by other means is gone one boot later. Its own value counts as enough where this boot and the next
    both ask for it."""
    if not _is_here(facts):
        return
    if facts.evidence.file(sysconfig.PATH).unknown:
        yield unseen("KD072", f"Whether {SERVICE} changes the boot loader", sysconfig.PATH)
    elif is_undone(facts, policy):
        want, mended = reserve(facts, policy), pinned(facts, policy) is not None
        expected = sysconfig.text_of(facts.config.values, sysconfig.CRASHKERNEL, sysconfig.AUTO)
        what = "what kdumptool calibrate computes" if expected == sysconfig.AUTO else expected
        pin = f'{sysconfig.CRASHKERNEL}="crashkernel={want.text if want else ""}"'
        yield Finding(
            id="KD072",
            severity=Severity.ERROR,
            title=f"{SERVICE} would change the reservation",
            current=f"{sysconfig.CRASHKERNEL} is {expected}: it would ask for {what}",
            wanted=f"{pin}, {sysconfig.UPDATE}=false",
            evidence=(_where(facts, sysconfig.CRASHKERNEL), _where(facts, sysconfig.UPDATE)),
            remedy=ENABLE if mended else f"write {pin} into {sysconfig.PATH}",
            by_hand=not mended,
        )


def waits(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD073: with KDUMP_IMMEDIATE_REBOOT=false the capture kernel opens a shell when the dump is written, and with
    KDUMP_CONTINUE_ON_ERROR=false when it cannot be; on a machine without anybody at its console it stays there
    (kdump(5) of SUSE, kdump-save)."""
    for name, default, title in WAITS if _is_here(facts) else ():
        if not sysconfig.flag(facts.config.values, name, default=default):
            yield Finding(
                id="KD073",
                severity=Severity.WARNING,
                title=title,
                current=_where(facts, name).text,
                wanted=f"{name}=true, where nobody is at the console",
                evidence=(_where(facts, name),),
                remedy=f"write {name}=true in {sysconfig.PATH}",
                by_hand=True,
            )


def nothing_saved(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD074: KDUMP_DUMPFORMAT=none saves the kernel log alone, and a KDUMP_SAVEDIR that is neither a full path nor one
    of kdump's URLs nothing at all. What KDUMP_TRANSFER does instead of all this only a crash can show. With a negative
    KDUMP_KEEP_OLD_DUMPS every older dump is deleted before the new one is saved, whatever becomes of that (kdump(5) of
    SUSE, kdump-read-config.sh, kdump-save)."""
    found = _reasons(facts) if _is_here(facts) else ()
    yield from _deleted_first(facts) if _is_here(facts) else ()
    for name, title, wanted, certain in found:
        yield Finding(
            id="KD074",
            severity=Severity.ERROR if certain else Severity.WARNING,
            title=title,
            current=_where(facts, name).text,
            wanted=wanted,
            evidence=(_where(facts, name),),
            remedy=f"mend {name} in {sysconfig.PATH}, then: systemctl restart kdump"
            if certain
            else "prove it with a crash on purpose",
            blocks_capture=certain,
            unseen=not certain,
            by_hand=True,
        )


def _deleted_first(facts: Facts) -> Iterator[Finding]:
    if sysconfig.number(facts.config.values, KEEP, 0) < 0 and not facts.config.targets:
        yield Finding(
            id="KD074",
            severity=Severity.INFO,
            title="All older dumps are deleted before a new one is saved",
            current=_where(facts, KEEP).text,
            wanted=f"{KEEP}=0, or how many are to be kept",
            evidence=(_where(facts, KEEP),),
            remedy=f"set {KEEP} in {sysconfig.PATH}",
            by_hand=True,
        )


def _reasons(facts: Facts) -> Iterator[tuple[str, str, str, bool]]:
    """The setting, what it comes to, what should be, and whether that is certain."""
    if sysconfig.text_of(facts.config.values, TRANSFER):
        yield TRANSFER, "A command of the administrator's own saves the dump", "a crash that has proved it", False
        return
    if sysconfig.text_of(facts.config.values, FORMAT).lower() == sysconfig.DUMPS_NOTHING:
        yield FORMAT, "No vmcore would be saved, only the kernel log", "compressed, lzo, zstd or ELF", True
    written = facts.config.written_directory
    if written and "" in (kind for kind, _ in sysconfig.places(written.value)):
        yield sysconfig.SAVEDIR, "No dump would be saved anywhere", "a full path, or a URL that kdump(5) names", True


def shrinks(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD075: with KDUMP_AUTO_RESIZE=true kdump-early.service gives memory of the reservation back at each boot, down to
    what `kdumptool calibrate` computes then (`load.sh --shrink`, kdump(5) of SUSE); what another configuration or
    another kernel needs after that is not there any more."""
    if not _is_here(facts) or not sysconfig.flag(facts.config.values, RESIZE, default=False):
        return
    want = reserve(facts, policy)
    short = want is not None and not want.problem and not is_enough(facts.reserved_bytes, want, policy)
    yield Finding(
        id="KD075",
        severity=Severity.ERROR if short and facts.reserved_bytes else Severity.WARNING,
        title="kdump gives a part of the reservation back at each boot",
        current=f"{_where(facts, RESIZE).text}; {mib(facts.reserved_bytes or 0)} reserved now",
        wanted=f"{RESIZE}=false",
        evidence=(_where(facts, RESIZE),),
        remedy=f"write {RESIZE}=false in {sysconfig.PATH}",
        by_hand=True,
    )


def _is_here(facts: Facts) -> bool:
    """SUSE's kdump, installed."""
    missing = facts.packages is not None and missing_packages(facts)
    return facts.platform is not None and facts.platform.dialect == OF_SUSE and not missing


def _where(facts: Facts, name: str) -> Source:
    value = facts.config.written_directory if name == sysconfig.SAVEDIR else facts.config.values.get(name)
    return Source(sysconfig.PATH, value.line if value else 0, f"{name}={value.value}" if value else f"no {name}")


RULES = (undone, waits, shrinks)  # the other one is a part of whether a dump comes out
