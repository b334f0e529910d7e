"""Boot loaders: those that this version cannot change, and their files on machines that GRUB boots."""

from __future__ import annotations

from collections.abc import Callable

from kdump_enabler.facts.boot_loader import LOADER_INFO

from ..bases import CMDLINE, Change
from ..machines import Raw, write
from ..roots import arm64, running, there
from .platforms import debian12, debian12_ready

LOADER_CONF = "/boot/efi/loader/loader.conf"


def efi_variable(raw: Raw, value: str) -> None:
    """LoaderInfo as efivarfs shows it: four bytes of attributes, then UTF-16."""
    write(raw, LOADER_INFO, "\x06\0\0\0" + "".join(letter + "\0" for letter in value + "\0"))


def _systemd_boot_started(raw: Raw) -> None:
    """Its entries have no BOOT_IMAGE=."""
    words = raw["files"][CMDLINE]["text"].split()
    write(raw, CMDLINE, " ".join(["initrd=\\EFI\\Debian\\initrd.img", *words[1:]]) + "\n")


def systemd_boot(raw: Raw) -> None:
    """systemd-boot boots it; grub.cfg is left of before and is still made anew with each kernel."""
    _systemd_boot_started(raw)
    there(raw, LOADER_CONF)
    efi_variable(raw, "systemd-boot 252.39-1~deb12u2")


def loader_leftover(raw: Raw) -> None:
    """GRUB boots it; an earlier systemd-boot and a flasher's script left their files."""
    there(raw, LOADER_CONF, "/boot/boot.scr")


def grub_told(raw: Raw) -> None:
    """The same with a GRUB that says its name."""
    loader_leftover(raw)
    _systemd_boot_started(raw)
    efi_variable(raw, "GRUB 2.12")


def raspberry_grub(raw: Raw) -> None:
    """The same with UEFI firmware and GRUB; the card still holds the file of the other firmware."""
    arm64(raw)
    running(raw, "6.1.0-rpi7-rpi-v8")
    there(raw, "/boot/firmware/cmdline.txt")


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian12-loader-leftover": (debian12_ready, loader_leftover),
    "debian12-grub-told": (debian12_ready, grub_told),
    "raspios12-grub": (debian12, raspberry_grub),
}
