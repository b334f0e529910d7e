"""Systems that boot images (ostree): what says so, and what of them can be changed."""

from __future__ import annotations

from ..evidence import Evidence
from ..platforms import Platform
from . import tools
from .bls import Fragment
from .grub import Menu

BOOTED, STAGED = "/run/ostree-booted", "/run/ostree/staged-deployment"
WAY = "ostree"  # what the table calls it
BY_HAND = "rpm-ostree"  # who changes such a machine
# Fedora CoreOS documentation, "Debugging kernel crashes using kdump"; from 64 GiB on what others get.
RESERVATION = "2G-64G:300M,64G-:512M"
KARGS = "/usr/lib/bootc/kargs.d/kdump.toml"


def is_booted(evidence: Evidence) -> bool:
    """Whether the running system is such an image."""
    return evidence.file(BOOTED).error is None


def of_ostree(entry: Fragment) -> bool:
    """Whether ostree wrote this boot entry (bootloader_entry_filename of libostree)."""
    return entry.id.startswith("ostree-")


def is_left(evidence: Evidence, platform: Platform, menu: Menu) -> bool:
    """Whether the system of such an image is left to a person: `enable` does not change its entries, or a package is
    missing, which only a new deployment can bring. Of images without rpm nothing is known."""
    known = is_booted(evidence) and platform.package_manager == "dnf"
    return known and (not are_ours(platform, menu) or bool(missing(evidence, platform)))


def are_ours(platform: Platform, menu: Menu) -> bool:
    """Whether the boot entries are such as `enable` changes."""
    return WAY in platform.boot_loaders and bool(menu.fragments) and all(map(of_ostree, menu.fragments))


def missing(evidence: Evidence, platform: Platform) -> list[str]:
    """The packages that are not in the image; none where nobody could see."""
    installed = tools.packages(evidence, platform.package_manager)
    return [name for name in platform.packages if name not in installed] if installed is not None else []
