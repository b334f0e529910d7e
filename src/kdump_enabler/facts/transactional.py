"""SUSE's transactional systems: / is a read-only snapshot, a change is made in a new one, and the next boot takes the
default snapshot (transactional-update(8); BOOTED_SNAPSHOT_ID and DEFAULT_SNAPSHOT_ID of openSUSE/transactional-update).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .. import probe
from ..evidence import Evidence
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
    if default is None or running is None or default == running:
        return None
    package, *starts = [evidence.file(path.format(default)).error is None for path in probe.SNAPSHOT_STATS]
    return Pending(default, running, package, any(starts))


def is_unseen(evidence: Evidence) -> bool:
    """Whether it could not be told which snapshot boots next: btrfs answers root only."""
    return evidence.live and (_default(evidence) is None or _running(evidence) is None)


def menu(evidence: Evidence, waiting: Pending | None) -> Menu:
    """GRUB's menu: each snapshot has a grub.cfg of its own, and that of the default one is read."""
    if waiting is None:
        return grub.read(evidence)
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
