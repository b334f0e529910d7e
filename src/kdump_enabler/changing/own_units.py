"""Units of our own that load the capture kernel and write the dump, where no package brings any.

The texts are in data/own. The dump is written by the machine's own system, started by its ordinary initrd with
`systemd.unit=kdump-enabler-save.service`: that unit needs the root file system and the one that dumps go to, and
nothing else that /etc/fstab names.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..evidence import Evidence
from ..facts import kernel_image
from ..facts.machine import Facts
from ..policy import OWN, Policy
from .changes import FileChange, own_file
from .wanted import HEADER

DATA = Path(__file__).parents[1] / "data" / "own"
SYSTEM, SCRIPTS = "/etc/systemd/system", "/usr/local/lib/kdump-enabler"
LOAD, SAVE = f"{SYSTEM}/kdump-enabler-load.service", f"{SYSTEM}/kdump-enabler-save.service"
NAME = LOAD.rpartition("/")[2]
LOAD_SCRIPT, SAVE_SCRIPT = f"{SCRIPTS}/load.sh", f"{SCRIPTS}/save.sh"
# Not an [Install] section: what is a file comes and goes with the others, in one transaction and one backup set.
STARTER = f"{SYSTEM}/multi-user.target.d/kdump-enabler-load.conf"
OF_SAVING = (SAVE, SAVE_SCRIPT)
PATHS = (*OF_SAVING, LOAD_SCRIPT, LOAD, STARTER)
KDUMP_PACKAGES = ("kdump-tools", "kdump-utils")  # that load a capture kernel by themselves
# Without them no other device than that of the root appears. They also load the drivers of everything in the machine,
# which takes memory, so they are left out where the root is enough.
DEVICES = " systemd-udevd.service systemd-udev-trigger.service"


def changes(facts: Facts) -> tuple[FileChange, ...]:
    """What has to change for our units to be there as they should be."""
    target = facts.storage.target
    found = texts(facts.dump_directory.real, DEVICES if target and target.point != "/" else "")
    return tuple(change for path in PATHS for change in own_file(facts.evidence, path, found[path]))


def removal(evidence: Evidence) -> tuple[FileChange, ...]:
    """What takes our units away, where they are."""
    return tuple(change for path in PATHS for change in own_file(evidence, path, None))


def planned(facts: Facts) -> tuple[FileChange, ...]:
    """Our units as they should be, or gone where a package does their work."""
    return changes(facts) if facts.own_units else removal(facts.evidence)


def stopped(units: tuple[FileChange, ...]) -> str:
    """Our unit that loads, if these changes take it away; empty if not."""
    return next((NAME for change in units if change.path == LOAD and change.absent), "")


def restarts(facts: Facts, units: tuple[FileChange, ...], helps: bool) -> bool:
    """Whether our unit that loads has to be started again: it `helps`, as nothing is loaded, or these changes load
    something else; and the kernel that runs is there."""
    there = facts.own_units and bool(facts.reserved_bytes) and (facts.image.kept or facts.image.fault == "")
    return there and (helps or (bool(units) and not facts.load_disabled))


def impossible(facts: Facts, policy: Policy) -> str:
    """Why our units cannot do what is wanted of them here, so that nothing must be begun; empty if they can."""
    if policy.provider == OWN and facts.platform and not facts.own_units:
        name = facts.platform.name
        return f"kdump_provider: our own units were not tried on {name}; its package for kdump is what works there"
    loading = next((name for name in KDUMP_PACKAGES if name in (facts.packages or {})), "")
    if facts.own_units and loading:
        return f"kdump_provider: {loading} loads a capture kernel, too; remove it first"
    lacks = next_lacks(facts) if facts.own_units else ""
    return f"{lacks}, so no capture kernel could be loaded" if lacks else ""


def next_lacks(facts: Facts) -> str:
    """What the kernel of the next boot lacks to be loaded then; empty also where the boot loader has a copy of its own,
    whose name says nothing of the files below /boot."""
    path = kernel_image.below_boot(facts.next_entry.kernel) if facts.next_entry else ""
    return kernel_image.missing(facts.evidence, path) if "/vmlinuz" in path else ""


def texts(directory: str, devices: str) -> dict[str, str]:
    """Our files by path, for dumps in this directory; `devices` are the units that bring the devices it needs."""
    units = {path: _data(path).format(directory=directory, devices=devices) for path in (LOAD, SAVE)}
    scripts = {path: _data(path) for path in (LOAD_SCRIPT, SAVE_SCRIPT)}
    starter = f"[Unit]\nWants={NAME}\n"
    return {path: HEADER + text for path, text in {**units, **scripts, STARTER: starter}.items()}


@cache
def _data(path: str) -> str:
    return (DATA / path.rpartition("/")[2]).read_text(encoding="utf-8")
