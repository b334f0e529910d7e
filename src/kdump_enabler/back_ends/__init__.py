"""Back ends: the ways to change the next boot's command line, by what the platform table calls them."""

from __future__ import annotations

from ..facts.machine import Facts
from . import (
    bls,
    by_hand,
    command_line_file,
    grub_defaults,
    grub_dropin,
    grub_mkconfig,
    kernel_install_uki,
    kernelstub,
    ostree,
    sdbootutil,
    systemd_boot,
    u_boot_menu,
)
from .interface import BackEnd

BACK_ENDS: dict[str, BackEnd] = {
    "bls": bls,
    bls.OF_EL8: bls,
    "extlinux": command_line_file,
    "grub-defaults": grub_defaults,
    "grub-dropin": grub_dropin,
    "grub-mkconfig": grub_mkconfig,
    "kernel-install-uki": kernel_install_uki,
    "kernelstub": kernelstub,
    "ostree": ostree,
    "raspberry-pi": command_line_file,
    "sdbootutil": sdbootutil,
    "systemd-boot": systemd_boot,
    "u-boot-menu": u_boot_menu,
}


def of(facts: Facts) -> BackEnd:
    """The back end of a machine that is ours to configure."""
    if facts.changed_by:
        return by_hand
    return BACK_ENDS.get(facts.boot_loader or "", grub_dropin)
