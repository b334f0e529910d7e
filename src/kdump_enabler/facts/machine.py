"""All facts of one machine, put together from its evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..evidence import NOT_COLLECTED, Evidence, File
from ..finding import Source
from ..platforms import Platform
from ..policy import from_variables, policy_file, sysctls
from . import (
    backups,
    boot_loader,
    crashkernel,
    detectors,
    dumps,
    extlinux,
    grub_defaults,
    grub_fault,
    kdump_config,
    kernel_image,
    leftovers,
    lockdown,
    memory,
    os_release,
    ostree,
    ours,
    proofs,
    raspberry_pi,
    recognise,
    runs,
    sdbootutil,
    settings,
    storage,
    sysctl,
    sysctl_files,
    systemd_boot,
    tools,
    transactional,
)
from .backups import BackupSet
from .boot_loader import BootLoader
from .crashkernel import Reservation
from .detectors import Detectors
from .dumps import DumpDirectory
from .grub import Entry, Menu
from .grub_defaults import Defaults
from .grub_fault import SyntaxFault
from .kdump_config import KdumpConfig
from .kernel import telling
from .kernel_image import KernelImage
from .leftovers import Leftovers
from .lockdown import Lockdown
from .os_release import OsRelease
from .proofs import Note
from .runs import Run
from .storage import Storage
from .sysctl import Setting
from .tools import Unit
from .transactional import Pending

LOAD_DISABLED = "kernel.kexec_load_disabled"
# What boots next where it is not GRUB, by the kind of boot loader.
MENUS = {
    boot_loader.SYSTEMD_BOOT: systemd_boot.read,
    boot_loader.KERNELSTUB: systemd_boot.read,
    extlinux.KIND: extlinux.read,
    extlinux.GENERATED: extlinux.read,
    raspberry_pi.KIND: raspberry_pi.read,
}
UNEXPLAINED_NMI = re.compile(r"Uhhuh\. NMI received")


@dataclass(frozen=True)
class Facts:
    """One machine. Sizes are bytes; null means that it could not be seen; `unsupported` is the reason why the
    machine is not ours to configure, empty when it is; `changed_by` what a person calls where `enable` leaves the
    system alone, empty where it does not, and `pending` the snapshot that waits for a reboot there; `test_container`:
    it is a container all the same, for tests."""

    unsupported: str
    changed_by: str
    pending: Pending | None
    test_container: bool
    privileged: bool
    release: OsRelease | None
    platform: Platform | None
    boot_loader: str | None
    kernel: str | None
    arch: str | None
    boot_id: str | None
    memory_bytes: int | None
    kernel_memory_bytes: int | None
    command_line: str | None
    running: Reservation | None
    reserved_bytes: int | None
    menu: Menu
    next_entry: Entry | None
    next_boot: Reservation | None
    grub_defaults: Defaults
    grub_fault: SyntaxFault | None
    boot_free_bytes: int | None
    capture_loaded: bool | None
    load_disabled: bool | None
    load_disabled_setting: Setting
    kexec_loaded: bool | None
    kexec_reboots: Source | None
    packages: Mapping[str, str] | None
    units: Mapping[str, Unit] | None
    config: KdumpConfig
    capture_initrd: File | None
    image: KernelImage
    removed_image: str
    dump_directory: DumpDirectory
    storage: Storage
    lockdown: Lockdown
    settings: Mapping[str, Setting]
    unexplained_nmi: str | None
    leftovers: Leftovers
    remembered: Mapping[str, Any] | None
    backups: tuple[BackupSet, ...] | None
    run: Run | None
    proof: Note | None
    simulation: Note | None
    detectors: Detectors
    build_id: str | None
    evidence: Evidence

    @property
    def next_kernel(self) -> str:
        """The kernel that boots next by its image's path or, where that tells no version, the running one's release."""
        return telling(self.next_entry.kernel if self.next_entry else None, self.kernel)

    @property
    def own_units(self) -> bool:
        """Units of ours load the capture kernel and write the dump."""
        return bool(self.platform and self.platform.own_units)

    def unit(self, name: str) -> Unit | None:
        """A unit's state; null when systemd did not answer."""
        return None if self.units is None else self.units.get(name)


def read(evidence: Evidence, test_container: bool = False, own_units: bool = False) -> Facts:
    """The facts of a machine. Pure: everything comes from the evidence and the platform table. With `test_container` a
    container is taken for a machine, as tests want it; with `own_units` those do the work of the platform's package."""
    release = os_release.read(evidence)
    platform = recognise.platform(release, own_units) if release else None
    kernel = _word(evidence, "/proc/sys/kernel/osrelease")
    ram = memory.system_ram(evidence)
    command_line = _word(evidence, "/proc/cmdline")
    waiting = transactional.pending(evidence) if transactional.is_so(evidence, platform) else None
    loader, menu, by_grub, entry = _next_boot(evidence, platform, kernel)
    boot_words = sysctls.boot_words(entry.command_line if entry else command_line or "")
    boot_values = {key: value for key, (value, _) in boot_words.items()}
    files = sysctl_files.read(evidence)
    config = kdump_config.read(evidence, platform)
    boot = evidence.mount_of(entry.file if entry else menu.config)
    target = dumps.read(evidence, _dump_path(platform, config))
    defaults = grub_defaults.read(evidence, {} if by_grub else grub_defaults.unused(evidence))
    reserved = sysctl.integer(_word(evidence, "/sys/kernel/kexec_crash_size"))
    return Facts(
        unsupported=ours.reason(evidence, release, platform, loader, menu, test_container=test_container),
        changed_by=ours.changed_by(evidence, platform, menu),
        pending=waiting,
        test_container=test_container and ours.is_container(evidence),
        privileged=evidence.euid == 0,
        release=release,
        platform=platform,
        boot_loader=ours.way_to_boot(platform, loader, menu),
        kernel=kernel,
        arch=ours.arch_of(evidence),
        boot_id=_word(evidence, "/proc/sys/kernel/random/boot_id"),
        memory_bytes=ram,
        kernel_memory_bytes=memory.kernel_memory(evidence),
        command_line=command_line,
        running=_reservation(command_line, ram, kernel),
        reserved_bytes=reserved,
        menu=menu,
        next_entry=entry,
        next_boot=_reservation(entry.command_line, ram, telling(entry.kernel, kernel)) if entry else None,
        grub_defaults=defaults,
        grub_fault=grub_fault.read(evidence, defaults) if by_grub else None,
        boot_free_bytes=boot.free_bytes if boot else None,
        capture_loaded=_flag(evidence, "/sys/kernel/kexec_crash_loaded"),
        load_disabled=_flag(evidence, "/proc/sys/kernel/kexec_load_disabled"),
        load_disabled_setting=sysctl.read(evidence, LOAD_DISABLED, "", boot_values, files=files),
        kexec_loaded=_flag(evidence, "/sys/kernel/kexec_loaded"),
        kexec_reboots=boot_loader.kexec_reboots(evidence),
        packages=tools.packages(evidence, platform.package_manager) if platform else None,
        units=tools.units(evidence),
        config=config,
        capture_initrd=_capture_initrd(evidence, platform, kernel),
        image=kernel_image.read(evidence),
        removed_image=_removed_image(evidence, platform, kernel, entry),
        dump_directory=target,
        storage=storage.read(evidence, target.real, storage.start(platform)),
        lockdown=lockdown.read(evidence),
        settings=settings.read(evidence, files, platform, boot_values, entry.release if entry else kernel),
        unexplained_nmi=_unexplained_nmi(evidence),
        leftovers=leftovers.read(evidence, defaults, reserved or 0),
        remembered=_remembered(evidence),
        backups=backups.read(evidence),
        run=runs.read(evidence, _word(evidence, "/proc/sys/kernel/random/boot_id")),
        proof=proofs.read(evidence),
        simulation=proofs.read(evidence, proofs.SIMULATION),
        detectors=detectors.read(evidence),
        build_id=proofs.build_id(evidence),
        evidence=evidence,
    )


def _next_boot(
    evidence: Evidence, platform: Platform | None, kernel: str | None
) -> tuple[BootLoader | None, Menu, bool, Entry | None]:
    """The boot loader, its menu, whether that is GRUB's, and the entry that it takes by itself."""
    grub_menu = transactional.menu(evidence, platform)
    loader = boot_loader.read(evidence, grub_menu, kernel)
    own_menu = _menu(evidence, platform, loader)
    menu = own_menu or grub_menu
    # A grub.cfg that nobody reads says nothing of the next boot, nor does Xen's command line of what Linux reserves.
    is_read = own_menu is not None or (loader is not None and loader.kind == boot_loader.GRUB)
    entry = menu.next_entry if is_read and menu.next_entry and not menu.next_entry.by_xen else None
    loader = boot_loader.of_entry(evidence, loader, entry) if loader and entry else loader
    return loader, menu, own_menu is None, entry


def _menu(evidence: Evidence, platform: Platform | None, loader: BootLoader | None) -> Menu | None:
    """The menu of a boot loader other than GRUB with its grub.cfg; null where it is that one, or none that is known."""
    if loader is None:
        return None
    if loader.is_sdbootutils(platform.boot_loaders if platform else ()):
        return sdbootutil.read(evidence, loader.kind == boot_loader.GRUB_BLS)
    return MENUS[loader.kind](evidence) if loader.kind in MENUS else None


def _reservation(command_line: str | None, ram: int | None, kernel: str | None) -> Reservation | None:
    return None if command_line is None or ram is None else crashkernel.evaluate(command_line, ram, kernel or "")


def _capture_initrd(evidence: Evidence, platform: Platform | None, kernel: str | None) -> File | None:
    # Of an image, kdumpctl puts it beside a kernel below /boot/ostree, or where that is read-only into /var/lib/kdump.
    if platform is None or kernel is None or ostree.is_booted(evidence):
        return None
    path = platform.capture_initrd.format(kernel=kernel)
    directory = path.rpartition("/")[0]
    found = {file.path: file for file in evidence.below(directory)}
    return found.get(path, File(path, error="ENOENT" if evidence.lists(directory) else NOT_COLLECTED))


def _removed_image(evidence: Evidence, platform: Platform | None, kernel: str | None, entry: Entry | None) -> str:
    """As kernel_image.removed(); empty where the capture kernel need not be the one that runs (SUSE's), or where our
    own units keep a copy of it."""
    if platform is not None and (platform.own_units or "{kernel}" not in platform.capture_initrd):
        return ""
    return kernel_image.removed(evidence, kernel, entry)


def _dump_path(platform: Platform | None, config: KdumpConfig) -> str:
    default = platform.dump_directory if platform else "/var/crash"
    configured = config.directory
    # A relative name counts from the root, where systemd starts services (systemd.exec(5)).
    return "/" + configured.value.lstrip("/") if configured and configured.value else default


def _unexplained_nmi(evidence: Evidence) -> str | None:
    """The line that tells of an NMI nobody explains; null for none. Who changes a machine is root and reads the log."""
    return next((line for line in evidence.kernel_log or () if UNEXPLAINED_NMI.search(line)), None)


def _remembered(evidence: Evidence) -> Mapping[str, Any] | None:
    """The policy that the machine keeps; null when its file could not be read. Evidence of before there were such
    files does not have it."""
    file = evidence.file(policy_file.HOST_FILE)
    if file.closed:
        return None
    return from_variables(policy_file.of_host(evidence).values).stated


def _word(evidence: Evidence, path: str) -> str | None:
    text = evidence.text(path)
    return None if text is None else text.strip()


def _flag(evidence: Evidence, path: str) -> bool | None:
    value = _word(evidence, path)
    return None if value is None else value != "0"
