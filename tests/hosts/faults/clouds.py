"""Distributions of cloud providers that are built like Fedora: Amazon Linux, Azure Linux."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as with_

from ..bases import CMDLINE, Change
from ..machines import Raw, replace
from ..red_hat import FEDORA, os_release, path_of, ready, stock
from ..roots import arm64
from ..roots import os_release as identity

MIB = 1 << 20
# As machines with these kernels show it.
OPTIONS = "console=tty0 console=ttyS0,115200n8 nvme_core.io_timeout=4294967295 selinux=1 security=selinux"
AMAZON = with_(
    FEDORA,
    identity=os_release("amzn", "2023", "fedora", "Amazon Linux"),
    kernels=("6.1.102-108.177.amzn2023.x86_64", "6.1.97-104.177.amzn2023.x86_64"),
    crashkernel="1G-4G:192M,4G-64G:256M,64G-:512M",
)


def on_one_file_system(raw: Raw) -> None:
    """/boot is a directory of the root file system, so that GRUB's paths begin with it."""
    del raw["mounts"]["/boot"]
    replace(raw, CMDLINE, "/vmlinuz-", "/boot/vmlinuz-")
    for version in AMAZON.kernels:
        replace(raw, path_of(version), "linux /vmlinuz-", "linux /boot/vmlinuz-")
        replace(raw, path_of(version), "initrd /initramfs-", "initrd /boot/initramfs-")


def graviton(raw: Raw) -> None:
    """The same on arm64."""
    on_one_file_system(raw)
    arm64(raw)


def another(identifier: str, version: str, name: str, like: str = "") -> Change:
    """The identity of a release that is refused."""
    return lambda raw: identity(raw, os_release(identifier, version, like, name))


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "amazon2023-pristine": (stock(AMAZON, OPTIONS), on_one_file_system),
    "amazon2023-arm64": (stock(AMAZON, OPTIONS), graviton),
    "amazon2023-ready": (ready(AMAZON, 192 * MIB), on_one_file_system),
    "amazon2": (stock(AMAZON, OPTIONS), another("amzn", "2", "Amazon Linux", "centos rhel fedora")),
    "mariner2": (stock(AMAZON, OPTIONS), another("mariner", "2.0", "Common Base Linux Mariner")),
    "azurelinux3": (stock(AMAZON, OPTIONS), another("azurelinux", "3.0", "Microsoft Azure Linux")),
}
