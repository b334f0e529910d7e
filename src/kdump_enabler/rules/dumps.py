"""Where dumps go: whether there is room for one, and who could read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..facts.dumps import OTHERS_MAY_ENTER, OTHERS_MAY_READ
from ..facts.machine import Facts
from ..facts.storage import Arrival
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy
from .capture import missing_packages
from .words import mib, unseen

NOBODY_ELSE = 0o077


def remote(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD053: kdump-tools can send dumps to another machine (NFS, SSH, FTP of kdump-tools.conf(5)); whether that one
    takes them cannot be seen from here. Where several are named, `kdump-config savecore` serves each in turn.
    kdump.conf(5) can also name a device: it need not be mounted now, and of a raw one nothing can be seen. SUSE's
    configuration can hold a password, so only root reads it; without it nothing is known of the target."""
    if facts.platform is not None and not is_named(facts):
        yield unseen("KD053", "Where dumps go", facts.platform.config)
    for target in facts.config.targets:
        yield Finding(
            id="KD053",
            severity=Severity.WARNING,
            title=f"Dumps go to {target.place}, and whether it takes them is not known here",
            current=target.written,
            wanted="a target that takes the dump",
            evidence=(Source(facts.platform.config if facts.platform else "", target.line, target.written),),
            remedy=f"{target.to_look}, then: kdump-enabler prove --unknown-too",
            unseen=True,
            by_hand=True,
        )


def is_named(facts: Facts) -> bool:
    """Whether the configuration that says where dumps go could be read; without the tools it says nothing."""
    without = facts.packages is not None and missing_packages(facts)
    return bool(without) or facts.platform is None or not facts.evidence.file(facts.platform.config).closed


def is_remote(facts: Facts) -> bool:
    """Whether dumps go to another machine or device, so that the directory here gets none."""
    return bool(facts.config.targets)


def room(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD050: makedumpfile at dump level 31 keeps the kernel's own memory, and a dump that finds no room is lost.
    The kernel's memory in use now, uncompressed, is the least a dump may need. SUSE's kdump deletes a dump that leaves
    less than KDUMP_FREE_DISK_SIZE free (kdump-save of its dracut module)."""
    if facts.platform is None or (facts.packages is not None and missing_packages(facts)) or is_remote(facts):
        return
    target, spare, whole = facts.dump_directory, facts.config.free_bytes, facts.config.copies_all
    least = facts.memory_bytes if whole else facts.kernel_memory_bytes
    need = None if least is None else least + spare
    if facts.storage.arrival is Arrival.NEVER:
        return  # KD055: the dump goes to another file system
    if target.read_only:
        point = facts.storage.target.point if facts.storage.target else target.path
        yield replace(
            _no_room(facts, "its file system is mounted read-only", "a writable file system"),
            title=f"A dump could not be written to {target.path}",
            remedy=f"mount -o remount,rw {point}, and let /etc/fstab mount it so",
        )
    elif target.exists is None or target.free_bytes is None or need is None:
        yield unseen("KD050", f"How much room {target.path} has", target.path)
    elif target.free_bytes < need:
        kept = f" and {facts.config.free_setting}" if spare else ""
        what = f"all memory ({whole})" if whole else "what the kernel uses now"
        yield _no_room(facts, f"{mib(target.free_bytes)} free", f"{mib(need)} free, {what}{kept}")


def private(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD051: a vmcore holds every secret that was in memory, and kdump-config writes it with systemd's usual umask
    of 0022: any local user can read it where the directory lets them in. (kdump.sh of kdump-utils leaves only files
    that root can read: makedumpfile's own mode, and chmod 600.)"""
    if facts.platform is None or not facts.platform.dump_unit or missing_packages(facts):
        return
    if facts.own_units:
        return  # the umask is a part of our unit: KD048
    unit, mode = facts.unit(facts.platform.dump_unit), facts.dump_directory.mode
    if unit is None:
        yield unseen("KD051", "Whether new dumps are private", facts.platform.dump_unit)
    elif mode is not None and new_dumps_are_open(facts):
        yield Finding(
            id="KD051",
            severity=Severity.ERROR,
            title="A new dump could be read by every local user",
            current=f"{facts.platform.dump_unit} has umask {unit.umask}, {facts.dump_directory.path} mode {mode:04o}",
            wanted="umask 0077",
            evidence=(Source(f"systemctl show {facts.platform.dump_unit}", 0, f"UMask={unit.umask}"),),
            remedy=ENABLE,
        )


def new_dumps_are_open(facts: Facts) -> bool:
    """Whether a user without rights could read the next dump: the directory lets them in, and the umask too."""
    unit = facts.unit(facts.platform.dump_unit) if facts.platform else None
    mode = facts.dump_directory.mode
    way_in = mode is not None and bool(mode & (OTHERS_MAY_ENTER | OTHERS_MAY_READ))
    named = facts.platform is not None and bool(facts.platform.dump_unit) and not facts.own_units
    return named and unit is not None and way_in and not _is_private(unit.umask)


def readable(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD052: dumps written before the umask was set keep their mode; they may be evidence, so only a person
    changes them. (`find` follows no link that somebody made in a sticky directory; `chmod -R` would.)"""
    open_files = facts.dump_directory.readable
    if open_files:
        yield Finding(
            id="KD052",
            severity=Severity.WARNING,
            title="Dumps can be read by every local user",
            current=f"{len(open_files)} files, the first {open_files[0]}",
            wanted="files that only root can read",
            evidence=tuple(Source(path) for path in open_files[:5]),
            remedy=f"find {facts.dump_directory.path} -path '*/[0-9]*' -user root -exec chmod go-rwx {{}} +",
            by_hand=True,
        )


def _is_private(umask: str) -> bool:
    return umask.isdigit() and int(umask, 8) & NOBODY_ELSE == NOBODY_ELSE


def _no_room(facts: Facts, current: str, wanted: str) -> Finding:
    path = facts.dump_directory.path
    return Finding(
        id="KD050",
        severity=Severity.ERROR,
        title=f"A dump would not fit into {path}",
        current=current,
        wanted=wanted,
        evidence=(Source(path, 0, current),),
        remedy=f"make room in {path}",
        blocks_capture=True,
        by_hand=True,
    )
