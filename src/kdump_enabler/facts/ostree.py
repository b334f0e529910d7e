"""Systems that boot images (ostree): what says so, and what of them can be changed."""

from __future__ import annotations

from ..evidence import Evidence
from ..platforms import Platform
from . import tools
from .bls import Fragment
from .grub import Menu

BOOTED, STAGED = "/run/ostree-booted", "/run/ostree/staged-deployment"
WAY = "ostree"  # what the table calls it
IMAGE_BASED = "this is an image-based system (ostree)"
# Fedora CoreOS documentation, "Debugging kernel crashes using kdump"; from 64 GiB on what others get.
RESERVATION = "2G-64G:300M,64G-:512M"
KARGS = "/usr/lib/bootc/kargs.d/kdump.toml"


def is_booted(evidence: Evidence) -> bool:
    """Whether the running system is such an image."""
    return evidence.file(BOOTED).error is None


def of_ostree(entry: Fragment) -> bool:
    """Whether ostree wrote this boot entry (bootloader_entry_filename of libostree)."""
    return entry.id.startswith("ostree-")


def reason(evidence: Evidence, platform: Platform, menu: Menu) -> str:
    """Why such a system is not ours to configure, with what a person can do; empty when it is."""
    if WAY not in platform.boot_loaders or not menu.fragments or not all(map(of_ostree, menu.fragments)):
        words = f"crashkernel={RESERVATION}"
        return (
            f"{IMAGE_BASED} whose boot entries this version does not change. In the image: the line"
            f' `kargs = ["{words}"]` in {KARGS}, and {platform.packages[0]} with {platform.unit} enabled. Or here:'
            f" `rpm-ostree kargs --append-if-missing={words}`, `systemctl enable {platform.unit}`, then reboot"
        )
    installed = tools.packages(evidence, platform.package_manager)
    missing = [name for name in platform.packages if name not in installed] if installed is not None else []
    if missing:
        return f"{IMAGE_BASED} without {', '.join(missing)}: `rpm-ostree install {platform.packages[0]}`, then reboot"
    return ""
