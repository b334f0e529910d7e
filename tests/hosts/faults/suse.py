"""Machines of the SUSE family: clean ones, ready ones, and the faults that are its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as with_

from kdump_enabler.facts.boot_loader import GRUB_BLS, SYSTEMD_BOOT
from kdump_enabler.facts.shell_value import CUT_OUT

from ..bases import CMDLINE, Change, nothing_loaded
from ..machines import Raw, kernel, remove, replace, unreadable, write
from ..roots import arm64, there
from ..suse import (
    ENTRY,
    GRUB_CFG,
    LEAP15,
    LEAP16,
    LOADER,
    MIB,
    RESERVATION,
    ROOT,
    SLES15,
    SLES16,
    STOCK,
    SUBVOLUME,
    SYSCONFIG,
    TEMPLATE,
    TUMBLEWEED,
    V2_1,
    by_entries,
    installed,
    os_release,
    path_of,
    ready,
    sles15,
    stock,
)
from .boot_loaders import efi_variable

SLES12 = with_(SLES15, identity=os_release("sles", "12.5", "SLES", ""), kernels=("4.12.14-122.234-default",))
PAIR = "72M,low crashkernel=300M,high"  # the example of kdump(5)


def calibrated(raw: Raw) -> None:
    """As SUSE's own service set it up, and found it again at this boot."""
    write(raw, SYSCONFIG, V2_1)


def undone_later(raw: Raw) -> None:
    """Somebody gave the boot loader another value than the service computes; only the next boot has it."""
    write(raw, SYSCONFIG, V2_1)
    replace(raw, CMDLINE, f"crashkernel={RESERVATION}", "crashkernel=192M")
    kernel(raw, kexec_crash_size=str(192 * MIB))


def told_too_little(raw: Raw) -> None:
    """The service is told to ask for less than the boot loader does."""
    write(raw, SYSCONFIG, V2_1.replace('"auto"', '"crashkernel=128M"'))


def setting(old: str, new: str) -> Change:
    """A line of /etc/sysconfig/kdump that somebody changed."""
    return lambda raw: replace(raw, SYSCONFIG, old, new)


def nfs(raw: Raw) -> None:
    """Dumps go to a server, whose helper is there."""
    there(raw, "/sbin/mount.nfs")
    replace(raw, SYSCONFIG, '"/var/crash"', '"nfs://dump.example.com/export/crash"')


def ftp_without_lftp(raw: Raw) -> None:
    """Dumps go to an FTP server, and nobody installed lftp."""
    remove(raw, "/usr/bin/lftp")
    replace(raw, SYSCONFIG, '"/var/crash"', f'"ftp://dumps:{CUT_OUT}@dump.example.com/crash"')


def ssh_without_key(raw: Raw) -> None:
    """Dumps go to a server by ssh, and root has no key."""
    there(raw, "/usr/bin/ssh")
    remove(raw, "/root/.ssh/id_rsa")
    replace(raw, SYSCONFIG, '"/var/crash"', '"ssh://dumps@dump.example.com/crash"')


def shrunk(raw: Raw) -> None:
    """kdump gave memory back at this boot."""
    replace(raw, SYSCONFIG, 'KDUMP_AUTO_RESIZE="false"', 'KDUMP_AUTO_RESIZE="yes"')
    kernel(raw, kexec_crash_size=str(160 * MIB))


def almost_full(raw: Raw) -> None:
    """There is room for the dump and not for what has to stay free beside it."""
    raw["mounts"]["/"]["free"] = 200 * MIB
    replace(raw, SYSCONFIG, "KDUMP_FREE_DISK_SIZE=64", "KDUMP_FREE_DISK_SIZE=4096")


def panics_for_good(raw: Raw) -> None:
    """The running kernel's panic=0 goes to the capture kernel, too."""
    replace(raw, CMDLINE, "quiet", "quiet panic=0")
    replace(raw, GRUB_CFG, "quiet", "quiet panic=0")
    replace(raw, "/etc/default/grub", "quiet", "quiet panic=0")


def everything(raw: Raw) -> None:
    """All memory is copied as it is, to a disk that has less room than that."""
    raw["mounts"]["/"]["free"] = 1024 * MIB
    replace(raw, SYSCONFIG, '"compressed"', '"raw"')


def pages_of_64k(raw: Raw) -> None:
    """The kernel with large pages."""
    arm64(raw)
    kernel(raw, osrelease="6.4.0-150600.23.47-64kb")


def kernel_removed(raw: Raw) -> None:
    """The running kernel was purged; kdump loads the one that boots by default."""
    kernel(raw, osrelease="6.4.0-150600.23.38-default")
    nothing_loaded(raw)


def no_initrd(raw: Raw) -> None:
    """Its capture initrd is gone."""
    remove(raw, "/var/lib/kdump/initrd")
    nothing_loaded(raw)


def loader(kind: str) -> Change:
    """The boot loader that SUSE's configuration names; an older one's menu is left."""
    return lambda raw: write(raw, LOADER, f'LOADER_TYPE="{kind}"\n')


def entries(kind: str, words: str = "") -> Change:
    """sdbootutil's entries."""
    return lambda raw: by_entries(raw, kind, words)


def told(raw: Raw) -> None:
    """systemd-boot, which tells the firmware so."""
    by_entries(raw, SYSTEMD_BOOT)
    efi_variable(raw, "systemd-boot 257.9+suse")


def not_updated(raw: Raw) -> None:
    """pbl changed /etc/kernel/cmdline, and nobody called sdbootutil (`pbl --config` does nothing there)."""
    by_entries(raw, GRUB_BLS)
    write(raw, TEMPLATE, f"{ROOT} {STOCK} crashkernel={RESERVATION}\n")


def older_chosen(raw: Raw) -> None:
    """`sdbootutil set-default` named the older kernel, whose entry lacks the word."""
    by_entries(raw, GRUB_BLS, f"crashkernel={RESERVATION}")
    older = path_of(TUMBLEWEED.kernels[1], GRUB_BLS)
    replace(raw, older, f"crashkernel={RESERVATION} ", "")
    name = older.rpartition("/")[2]
    write(raw, "/boot/efi/EFI/opensuse/grubenv", f"# GRUB Environment Block\ndefault={name}\n".ljust(1024, "#"))


def other_snapshots(raw: Raw) -> None:
    """Entries of a read-only snapshot, which ask for nothing."""
    by_entries(raw, GRUB_BLS, f"crashkernel={RESERVATION}")
    version = TUMBLEWEED.kernels[0]
    options = f"{ROOT} {STOCK} {SUBVOLUME.replace('/1/', '/7/')}"
    path = f"/boot/efi/loader/entries/snapper-opensuse-tumbleweed-{version}-7.conf"
    write(raw, path, ENTRY.format(version=version, options=options))


def dropped_in(raw: Raw) -> None:
    """A file beside /etc/kernel/cmdline adds another reservation."""
    by_entries(raw, GRUB_BLS)
    write(raw, "/etc/kernel/cmdline.d/50-crash.conf", "crashkernel=64M\n")
    replace(raw, path_of(TUMBLEWEED.kernels[0], GRUB_BLS), STOCK, f"{STOCK} crashkernel=64M")


def measured(raw: Raw) -> None:
    """A TPM opens the disk, after it measured what boots."""
    by_entries(raw, GRUB_BLS)
    write(raw, "/etc/crypttab", "cr_root UUID=1 none x-initrd.attach,tpm2-device=auto,tpm2-measure-pcr=yes\n")


def unprivileged(raw: Raw) -> None:
    """As a user sees it."""
    raw["euid"] = 1000
    raw["kernel_log"] = {"error": "EPERM"}
    for path in (GRUB_CFG, SYSCONFIG):
        unreadable(raw, path)


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "leap15-pristine": (stock(LEAP15), None),
    "leap15-arm64": (stock(LEAP15), arm64),
    "leap15-ready": (ready(LEAP15), None),
    "leap15-almost-full": (ready(LEAP15), almost_full),
    "leap16-pristine": (stock(LEAP16), None),
    "leap16-arm64": (stock(LEAP16), arm64),
    "leap16-ready": (ready(LEAP16), None),
    "leap16-told-too-little": (ready(LEAP16), told_too_little),
    "tumbleweed-pristine": (stock(TUMBLEWEED), None),
    "tumbleweed-arm64": (stock(TUMBLEWEED), arm64),
    "tumbleweed-ready": (ready(TUMBLEWEED), None),
    "tumbleweed-calibrated": (ready(TUMBLEWEED, PAIR, 372 * MIB), calibrated),
    "tumbleweed-undone-later": (ready(TUMBLEWEED), undone_later),
    "tumbleweed-u-boot": (stock(TUMBLEWEED), loader("u-boot")),
    "tumbleweed-grub2-bls": (stock(TUMBLEWEED), entries(GRUB_BLS)),
    "tumbleweed-grub2-bls-ready": (ready(TUMBLEWEED), entries(GRUB_BLS, f"crashkernel={RESERVATION}")),
    "tumbleweed-grub2-bls-not-updated": (installed(TUMBLEWEED), not_updated),
    "tumbleweed-grub2-bls-older-chosen": (ready(TUMBLEWEED), older_chosen),
    "tumbleweed-grub2-bls-other-snapshots": (ready(TUMBLEWEED), other_snapshots),
    "tumbleweed-grub2-bls-dropped-in": (installed(TUMBLEWEED), dropped_in),
    "tumbleweed-grub2-bls-measured": (installed(TUMBLEWEED), measured),
    "tumbleweed-systemd-boot": (stock(TUMBLEWEED), told),
    "sles12": (stock(SLES12), None),
    "sles15.4-pristine": (stock(sles15(4)), None),
    "sles15.4-arm64": (stock(sles15(4)), arm64),
    "sles15.4-ready": (ready(sles15(4)), None),
    "sles15.5-pristine": (stock(sles15(5)), None),
    "sles15.5-arm64": (stock(sles15(5)), arm64),
    "sles15.5-ready": (ready(sles15(5)), None),
    "sles15.6-pristine": (stock(SLES15), None),
    "sles15.6-arm64": (stock(SLES15), arm64),
    "sles15.6-arm64-64kb": (stock(SLES15), pages_of_64k),
    "sles15.6-one-dump-at-most": (ready(SLES15), setting("KDUMP_KEEP_OLD_DUMPS=0", "KDUMP_KEEP_OLD_DUMPS=-1")),
    "sles15.6-raw": (ready(SLES15), everything),
    "sles15.6-installed": (installed(SLES15), None),
    "sles15.6-ready": (ready(SLES15), None),
    "sles15.6-ready-unprivileged": (ready(SLES15), unprivileged),
    "sles15.6-stays-at-a-shell": (
        ready(SLES15),
        setting('KDUMP_IMMEDIATE_REBOOT="true"', 'KDUMP_IMMEDIATE_REBOOT="no"'),
    ),
    "sles15.6-log-only": (ready(SLES15), setting('"compressed"', '"none"')),
    "sles15.6-no-such-place": (ready(SLES15), setting('"/var/crash"', '"http://dump.example.com/crash"')),
    "sles15.6-own-command": (ready(SLES15), setting('KDUMP_TRANSFER=""', 'KDUMP_TRANSFER="/usr/local/bin/save"')),
    "sles15.6-nfs": (ready(SLES15), nfs),
    "sles15.6-ftp-without-lftp": (ready(SLES15), ftp_without_lftp),
    "sles15.6-ssh-without-key": (ready(SLES15), ssh_without_key),
    "sles15.6-shrunk": (ready(SLES15), shrunk),
    "sles15.6-panics-for-good": (ready(SLES15), panics_for_good),
    "sles15.6-kernel-removed": (ready(SLES15), kernel_removed),
    "sles15.6-no-initrd": (ready(SLES15), no_initrd),
    "sles15.7-pristine": (stock(sles15(7)), None),
    "sles15.7-arm64": (stock(sles15(7)), arm64),
    "sles15.7-ready": (ready(sles15(7)), None),
    "sles16-pristine": (stock(SLES16), None),
    "sles16-arm64": (stock(SLES16), arm64),
    "sles16-ready": (ready(SLES16), None),
}
