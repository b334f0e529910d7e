"""EL 8: the options of its entries stand in GRUB's environment block, and its kernel knows crashkernel=auto."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as with_

from ..bases import CMDLINE, Change, nothing_loaded
from ..machines import Raw, kernel, replace, unit, write
from ..red_hat import (
    EL8,
    GRUB_CFG,
    GRUB_ENV,
    ID,
    KDUMP_CONF,
    MAIN,
    ROOT,
    block,
    entry,
    installed,
    os_release,
    path_of,
    ready,
    stock,
)
from ..roots import arm64

MIB = 1 << 20
ESP = "/boot/efi/EFI/redhat"
EFI_MARK = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
ROCKY8 = with_(EL8, identity=os_release("rocky", "8.10", "rhel centos fedora", "Rocky Linux"))
ALMA8 = with_(EL8, identity=os_release("almalinux", "8.10", "rhel centos fedora", "AlmaLinux"))
STREAM8 = with_(EL8, identity=os_release("centos", "8", "rhel fedora", "CentOS Stream"))
ORACLE8 = with_(
    EL8,
    identity=os_release("ol", "8.10", "fedora", "Oracle Linux Server"),
    kernels=("5.15.0-207.156.6.el8uek.x86_64",),
)
ARM = with_(EL8, kernels=("4.18.0-553.16.1.el8_10.aarch64",))


def by_uefi(raw: Raw) -> None:
    """GRUB's files are on the ESP, and the path in /boot/grub2 is a link to there (files of grub2-efi-x64)."""
    write(raw, EFI_MARK, "\x06\0\0\0\0")
    for path in (GRUB_CFG, GRUB_ENV):
        write(raw, f"{ESP}/{path.rpartition('/')[2]}", raw["files"][path]["text"])
    raw["files"][GRUB_ENV].update(link="../efi/EFI/redhat/grubenv", exists=True)
    raw["files"][GRUB_CFG] = {"error": "ENOENT"}
    raw["mounts"]["/boot/efi"] = {**raw["mounts"]["/boot"], "source": "/dev/vda1", "type": "vfat"}


def mixed(raw: Raw) -> None:
    """`grubby --update-kernel=DEFAULT --args=crashkernel=512M` wrote the options out, into that one entry."""
    write(raw, path_of(EL8.kernels[0]), entry(EL8.kernels[0], f"{ROOT} crashkernel=512M rhgb quiet"))
    for path in (GRUB_ENV, MAIN):
        replace(raw, path, "crashkernel=auto ", "")
    block(raw, raw["files"][GRUB_ENV]["text"].partition("\n")[2].rstrip("#"))
    replace(raw, CMDLINE, "crashkernel=auto", "crashkernel=512M")
    kernel(raw, kexec_crash_size=str(512 * MIB))


def without_kernelopts(raw: Raw) -> None:
    """The environment block was made anew: GRUB takes what grub.cfg has for that case."""
    block(raw, f"saved_entry={ID}-{EL8.kernels[0]}\n")


def full(raw: Raw) -> None:
    """Nothing more goes into the block."""
    lines = raw["files"][GRUB_ENV]["text"].partition("\n")[2].rstrip("#")
    block(raw, lines + "x" * (1024 - len("# GRUB Environment Block\n") - len(lines) - 10) + "=12345678\n")


def broken(raw: Raw) -> None:
    """Somebody edited the block with an editor, so that it is shorter than GRUB's."""
    write(raw, GRUB_ENV, raw["files"][GRUB_ENV]["text"].rstrip("#"))


def linked(raw: Raw) -> None:
    """A machine that boots by BIOS, with the link that grub2-efi-x64 brings: GRUB does not follow it to another file
    system, and takes what grub.cfg has."""
    raw["files"][GRUB_ENV].update(link="../efi/EFI/redhat/grubenv", exists=True)
    raw["mounts"]["/boot/efi"] = {**raw["mounts"]["/boot"], "source": "/dev/vda1", "type": "vfat"}


def of_el9(raw: Raw) -> None:
    """The kdump.conf of an EL 9 machine was copied here."""
    write(raw, KDUMP_CONF, "auto_reset_crashkernel yes\n" + raw["files"][KDUMP_CONF]["text"])
    nothing_loaded(raw)
    unit(raw, "kdump.service", ActiveState="failed", SubState="failed", Result="exit-code")


def rescue(raw: Raw) -> None:
    """The rescue entry, whose kernel's name says nothing of its release."""
    write(raw, path_of(f"0-rescue-{ID}"), entry(f"0-rescue-{ID}", "$kernelopts"))


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "rhel8-unreserved": (installed(EL8), None),
    "rhel8-ready": (ready(EL8, 160 * MIB), None),
    "rhel8-uefi": (installed(EL8), by_uefi),
    "rhel8-mixed": (ready(EL8, 512 * MIB), mixed),
    "rhel8-no-kernelopts": (installed(EL8), without_kernelopts),
    "rhel8-block-full": (installed(EL8), full),
    "rhel8-block-broken": (installed(EL8), broken),
    "rhel8-linked-block": (installed(EL8), linked),
    "rhel8-of-el9": (ready(EL8, 160 * MIB), of_el9),
    "rhel8-rescue": (ready(EL8, 160 * MIB), rescue),
    "rhel8-arm64": (installed(ARM), arm64),
    "rocky8-pristine": (stock(ROCKY8), None),
    "almalinux8-ready": (ready(ALMA8, 160 * MIB), None),
    "centos8-ready": (ready(STREAM8, 160 * MIB), without_kernelopts),
    "oracle8-auto": (installed(ORACLE8, "crashkernel=auto"), None),
}
