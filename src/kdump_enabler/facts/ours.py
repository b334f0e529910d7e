"""Whether a machine is ours to configure: what it is, and what boots it."""

from __future__ import annotations

import re

from ..evidence import Evidence
from ..platforms import Platform
from . import boot_loader, ostree, recognise, transactional, zipl
from .boot_loader import BootLoader
from .grub import GRUB_CFG, Menu
from .os_release import OsRelease

CONTAINER_MARKS = ("/run/systemd/container", "/.dockerenv", "/run/.containerenv")
# How Firecracker and other monitors without firmware tell of devices (admin-guide/kernel-parameters.txt)
MICRO_VM = "virtio_mmio.device="
XEN_LINE = 'write GRUB_CMDLINE_XEN="crashkernel=512M" into /etc/default/grub, and make grub.cfg anew'
SYSTEMD_MARK = "/run/systemd/system"  # sd_booted(3)


def reason(
    evidence: Evidence,
    release: OsRelease | None,
    platform: Platform | None,
    loader: BootLoader | None,
    menu: Menu,
    *,
    test_container: bool,
) -> str:
    """Why a machine is not ours to configure, as a clause for a sentence; empty when it is."""
    if is_container(evidence) and not test_container:
        return "this is a container: its kernel belongs to the host, which is the machine to set up"
    if release is not None and recognise.why_refused(release):
        return recognise.why_unknown(release)
    if why := _not_this_kernel(evidence) or _under_xen(evidence):
        return why
    if evidence.live and evidence.file(SYSTEMD_MARK).absent:
        return f"it was not booted with systemd (no {SYSTEMD_MARK}), which loads the capture kernel at boot"
    if release is None:
        return "the distribution is unknown: /etc/os-release could not be read"
    if platform is None:
        return recognise.why_unknown(release)
    if why := _not_this_architecture(evidence, platform):
        return why
    # What boots a machine is told by which files are there, and which are not.
    told = evidence.listed is not None or changed_by(evidence, platform, menu)
    return "" if told else _unchangeable(evidence, platform, loader, menu)


def changed_by(evidence: Evidence, platform: Platform | None, menu: Menu) -> str:
    """What a person has to call on a machine that is judged like others and whose system `enable` does not change;
    empty where it does."""
    if platform is not None and transactional.is_so(evidence, platform):
        return transactional.WAY
    return ostree.BY_HAND if platform is not None and ostree.is_left(evidence, platform, menu) else ""


def _not_this_kernel(evidence: Evidence) -> str:
    """Why this kernel is none that could be captured by another."""
    if "microsoft" in (evidence.text("/proc/sys/kernel/osrelease") or "").lower():
        return "this is WSL: its kernel belongs to Windows, which is the machine to set up"
    if evidence.live and evidence.file("/sys/kernel/kexec_crash_loaded").absent:
        return "this kernel cannot load a capture kernel (it has no /sys/kernel/kexec_crash_loaded)"
    return ""


def _not_this_architecture(evidence: Evidence, platform: Platform) -> str:
    """Why nothing is known of a reservation here."""
    arch = arch_of(evidence)
    if arch is not None and arch not in platform.architectures:
        if arch == zipl.ARCH and platform.dialect in zipl.BY_HAND:
            return zipl.why_not(platform)
        known = ", ".join(platform.architectures)
        return f"{platform.name} on {arch} is not supported by this version, only on {known}"
    if re.search(r"(\+64k(-debug)?|-64kb)\Z", (evidence.text("/proc/sys/kernel/osrelease") or "").strip()):
        return "its kernel has pages of 64 KiB, for which this version knows no reservation"
    return ""


def _under_xen(evidence: Evidence) -> str:
    """Why Xen's own machine, and one whose memory it hands out page by page, are not ours: a crash of either is Xen's
    to catch (Documentation/ABI/stable/sysfs-hypervisor-xen; xen-command-line of Xen, crashkernel). A guest with
    hardware of its own, emulated or not (HVM, PVH), is a machine like others."""
    if (evidence.text("/sys/hypervisor/type") or "").strip() != "xen":
        return ""
    if "control_d" in (evidence.text("/proc/xen/capabilities") or ""):
        return f"this is the dom0 of Xen, and Xen reserves the memory: {XEN_LINE}"
    if (evidence.text("/sys/hypervisor/guest_type") or "").strip() == "PV":
        return "this is a PV guest of Xen, whose kernel ignores crashkernel=; let Xen dump it (xl dump-core)"
    return ""


def _unchangeable(evidence: Evidence, platform: Platform, loader: BootLoader | None, menu: Menu) -> str:
    """Why the command line of the next boot cannot be changed here; empty when it can, or nobody could see."""
    if menu.next_entry is not None and menu.next_entry.by_xen:
        return f"the next boot starts Xen, which reserves the memory itself: {XEN_LINE}"
    if loader is None and MICRO_VM in (evidence.text("/proc/cmdline") or ""):
        return "this is a microVM, whose monitor starts the kernel; crashkernel= goes into its boot arguments there"
    if ostree.is_booted(evidence) and not ostree.are_ours(platform, menu):
        return "this is an image-based system (ostree) whose boot entries this version does not change"
    if loader is None and not evidence.file(menu.config).unknown:
        return f"no boot loader of this machine is known: GRUB would have a {menu.config} that boots Linux"
    if loader is not None and way_to_boot(platform, loader, menu) not in platform.boot_loaders:
        steps = f"; by hand: {loader.by_hand}" if loader.by_hand else ""
        return f"it boots with {loader.words}, which this version cannot change (found {loader.source}){steps}"
    return ""


def is_container(evidence: Evidence) -> bool:
    """Whether the machine is a container."""
    return any(evidence.file(mark).error is None for mark in CONTAINER_MARKS)


def arch_of(evidence: Evidence) -> str | None:
    """The kernel's word for the architecture, such as x86_64; null when it could not be seen."""
    return (evidence.text("/proc/sys/kernel/arch") or "").strip() or evidence.machine


def way_to_boot(platform: Platform | None, loader: BootLoader | None, menu: Menu) -> str | None:
    """What the table calls it: GRUB's command lines stand in the files of entries (`bls`), on EL 8 in the environment
    block (`bls-kernelopts`), in those that ostree wrote for images (`ostree`), or are made from the GRUB defaults; in
    /boot/grub, those of Debian have a directory of drop-ins."""
    if loader is None or platform is None:
        return None
    if loader.is_sdbootutils(platform.boot_loaders):
        return boot_loader.SDBOOTUTIL
    if loader.kind != boot_loader.GRUB:
        return loader.kind
    if menu.fragments and all(ostree.of_ostree(one) for one in menu.fragments):
        return ostree.WAY
    if menu.fragments:
        return next((way for way in platform.boot_loaders if way.startswith("bls")), "bls")
    if menu.config != GRUB_CFG:
        return "grub-defaults"
    return "grub-dropin" if "grub-dropin" in platform.boot_loaders else "grub-mkconfig"
