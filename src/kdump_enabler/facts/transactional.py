"""SUSE's transactional systems: / is a read-only snapshot, a change is made in a new one, and the next boot takes the
default snapshot (transactional-update(8); BOOTED_SNAPSHOT_ID and DEFAULT_SNAPSHOT_ID of openSUSE/transactional-update).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .. import probe
from ..evidence import NOT_COLLECTED, Evidence, File
from ..platforms import Platform
from . import grub
from .grub import GRUB2_CFG, Entry, Menu

WAY = "transactional-update"  # who changes such a machine
MOUNTED = re.compile(r"subvol=\S*\.snapshots/(\d+)/snapshot")


@dataclass(frozen=True)
class Pending:
    """The snapshot that boots next and does not run: its number and the running one's, whether kdump is in it, and
    whether that starts there."""

    number: int
    running: int
    has_kdump: bool
    starts_kdump: bool


def is_so(evidence: Evidence, platform: Platform | None) -> bool:
    """Whether this machine changes by transactions: all of its kind do, or it has the tool and / is read-only."""
    root = evidence.mount_of("/")
    read_only = root is not None and "ro" in root.options and evidence.file(probe.TRANSACTIONAL).error is None
    return read_only or bool(platform and platform.transactional)


def pending(evidence: Evidence) -> Pending | None:
    """The default snapshot where it is another than the one that runs; null also where that could not be seen."""
    default, running = _default(evidence), _running(evidence)
    if default is None or running is None or default == running or _is_untold(evidence):
        return None
    package, *starts = [file.error is None for file in _kdump_in(evidence, default)]
    return Pending(default, running, package, any(starts))


def _kdump_in(evidence: Evidence, snapshot: int) -> list[File]:
    return [evidence.file(path.format(snapshot)) for path in probe.SNAPSHOT_STATS]


def is_unseen(evidence: Evidence) -> bool:
    """Whether it could not be told which snapshot boots next: btrfs answers root only."""
    return evidence.live and _is_untold(evidence)


def _is_untold(evidence: Evidence) -> bool:
    """Whether it is not known which snapshot boots next, or what is in it."""
    default, running = _default(evidence), _running(evidence)
    if default is None or running is None:
        return True
    return default != running and any(file.unknown for file in _kdump_in(evidence, default))


def menu(evidence: Evidence, platform: Platform | None) -> Menu:
    """GRUB's menu: each snapshot of a transactional system has a grub.cfg of its own, and that of the default one is
    read. An archive may not tell which one that is."""
    if not is_so(evidence, platform):
        return grub.read(evidence)
    waiting = pending(evidence)
    if waiting is None:
        unread = {GRUB2_CFG: File(GRUB2_CFG, error=NOT_COLLECTED)}
        untold = evidence.listed is not None and _is_untold(evidence)
        return grub.read(replace(evidence, files={**evidence.files, **(unread if untold else {})}))
    path = probe.SNAPSHOT_TEXTS[0].format(waiting.number)
    moved = replace(evidence.file(path), path=GRUB2_CFG)
    found = grub.read(replace(evidence, files={**evidence.files, GRUB2_CFG: moved}))
    if found.config != GRUB2_CFG:
        return found
    entries = tuple(_placed(entry, path) for entry in found.entries)
    chosen = _placed(found.next_entry, path) if found.next_entry else None
    return replace(found, config=path, entries=entries, next_entry=chosen)


def _placed(entry: Entry, path: str) -> Entry:
    return replace(entry, file=path) if entry.file == GRUB2_CFG else entry


def _default(evidence: Evidence) -> int | None:
    ran = evidence.command(*probe.DEFAULT_SNAPSHOT)
    found = probe.SNAPSHOT.search(ran.out) if ran else None
    return int(found[1]) if found else None


def _running(evidence: Evidence) -> int | None:
    """By /usr, which `transactional-update apply` mounts from another snapshot."""
    mount = evidence.mount_of("/usr")
    found = MOUNTED.search(",".join(mount.options)) if mount else None
    return int(found[1]) if found else None
