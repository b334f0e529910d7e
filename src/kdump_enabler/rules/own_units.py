"""Our own units, where no package loads the capture kernel: whether they are there, and can do their work."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..changing import own_units
from ..crash.proof import State, standing
from ..facts.crashkernel import MIB
from ..facts.machine import Facts
from ..finding import ENABLE, REBOOT, Finding, Severity, Source
from ..policy import Policy
from .capture import missing_packages
from .words import mib, unseen

# Of a Debian 12 with an initrd of 30 MB, 224M of reserved memory was too little, and 256M enough (seen).
TIMES_THE_INITRD, BESIDE_IT = 6, 64 * MIB
MODULES = "/lib/modules/{}/modules.dep"


def units(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD048: where no package does, units of our own load the capture kernel and write the dump (`enable` writes them
    below /etc/systemd/system and /usr/local/lib/kdump-enabler). One that is missing, or another than this version
    writes for the dump directory, may leave nothing."""
    wrong = own_units.changes(facts) if _ours(facts) else ()
    if wrong and facts.evidence.listed is not None:
        yield unseen("KD048", "What loads the capture kernel and writes the dump", wrong[0].path)
    elif wrong:
        no_dump = any(change.path in own_units.OF_SAVING and not change.before for change in wrong)
        yield Finding(
            id="KD048",
            severity=Severity.ERROR,
            title="The units that load the capture kernel and write the dump are not as they should be",
            current="; ".join(f"{change.path} {'differs' if change.before else 'is missing'}" for change in wrong),
            wanted="those of this version, for this machine",
            evidence=tuple(Source(change.path) for change in wrong),
            remedy=ENABLE,
            blocks_capture=no_dump or not facts.capture_loaded,
        )


def image(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD049: the kernel that is loaded has to be the one that runs, with its initrd. Where their names have no version
    (/boot/vmlinuz-linux), an upgrade puts others there before the reboot: our unit keeps a copy of both at each boot,
    and loads nothing rather than another kernel, whose modules and initrd do not fit. One that is loaded stays."""
    if not _ours(facts) or facts.capture_loaded or not facts.reserved_bytes or facts.image.kept:
        return
    if facts.image.fault is None or (facts.image.fault and facts.evidence.listed is not None):
        yield unseen("KD049", "Whether the running kernel can be loaded once more", facts.image.path)
    elif facts.image.fault:
        lacks = own_units.next_lacks(facts)
        yield Finding(
            id="KD049",
            severity=Severity.ERROR,
            title="The kernel that runs cannot be loaded once more",
            current=f"{facts.image.fault}, and no copy was kept",
            wanted=f"Linux {facts.kernel} with its initrd",
            evidence=(Source(facts.image.path),),
            remedy=f"put it there ({lacks}), then reboot" if lacks else REBOOT,
            needs_reboot=not lacks,
            blocks_capture=True,
            by_hand=bool(lacks),
        )


def modules(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD105: the capture kernel has the modules of its initrd, which mounts the root, and those of the root's
    /lib/modules. Where an upgrade has removed the running kernel's (Arch Linux does), it cannot mount another kind of
    file system; a directory of dumps that is on one gets no dump until the next reboot."""
    target, root = facts.storage.target, facts.storage.root
    if not _ours(facts) or not target or not root or target.kind == root.kind:
        return
    there = [path for path in facts.evidence.files if re.fullmatch(MODULES.format(".*"), path)]
    mine = MODULES.format(facts.kernel)
    if not there or mine in there or not facts.evidence.lists("/lib/modules"):
        return
    yield Finding(
        id="KD105",
        severity=Severity.ERROR,
        title=f"The capture kernel could not mount {target.point}",
        current=f"{target.point} is {target.kind}, and the modules of Linux {facts.kernel} are gone",
        wanted="a kernel with its modules",
        evidence=(Source(mine),),
        remedy=REBOOT,
        needs_reboot=True,
        blocks_capture=True,
    )


def memory(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD106: our units start the ordinary initrd in the reserved memory, packed and unpacked at the same time. One made
    for every machine is larger than one for this machine alone (`autodetect` of mkinitcpio, MODULES=dep of
    initramfs-tools); what it takes is known after a crash on purpose."""
    size = facts.image.initrd_bytes
    if not _ours(facts) or size is None or not facts.reserved_bytes or standing(facts).state is State.PROVEN:
        return
    need = TIMES_THE_INITRD * size + BESIDE_IT
    if facts.reserved_bytes < need:
        yield Finding(
            id="KD106",
            severity=Severity.WARNING,
            title="The reserved memory may be too little for the initrd",
            current=f"{mib(facts.reserved_bytes)} for an initrd of {mib(size)}",
            wanted=f"{mib(need)}, by experience, or a crash that has proved it",
            evidence=(Source("/sys/kernel/kexec_crash_size", 0, str(facts.reserved_bytes)),),
            remedy=f"{ENABLE} --crashkernel {-(-need // (16 * MIB)) * 16}M, or kdump-enabler prove",
            by_hand=True,
        )


def _ours(facts: Facts) -> bool:
    """Our units are what loads here, and what they need is installed."""
    return facts.own_units and facts.packages is not None and not missing_packages(facts)


# What decides whether a dump can be written, also with a capture kernel that is loaded.
SAVING = (units, modules)
RULES = (*SAVING, image, memory)
