"""Back ends: the ways to change the next boot's command line, by what the platform table calls them."""

from __future__ import annotations

from ..facts.machine import Facts
from . import bls, grub_defaults, grub_dropin, kernel_install_uki, kernelstub, systemd_boot
from .interface import BackEnd

BACK_ENDS: dict[str, BackEnd] = {
    "bls": bls,
    "grub-defaults": grub_defaults,
    "grub-dropin": grub_dropin,
    "kernel-install-uki": kernel_install_uki,
    "kernelstub": kernelstub,
    "systemd-boot": systemd_boot,
}


def of(facts: Facts) -> BackEnd:
    """The back end of a machine that is ours to configure."""
    return BACK_ENDS.get(facts.boot_loader or "", grub_dropin)
