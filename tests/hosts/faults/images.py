"""Image-based systems: entries as libostree writes them, and what of them can be changed."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..bases import CMDLINE, Change
from ..machines import Raw, remove, write
from ..red_hat import EL9, EL10, FEDORA, GRUB_ENV, ROOT, TEMPLATE, Release, block, installed, path_of, ready
from ..roots import there

MIB = 1 << 20
SIZE = "crashkernel=2G-64G:300M,64G-:512M"
CHECKSUM = "b2f0b5d5c4e54dfb8c1b0b3c0f0c8a0d2e5d6d3b9c7a4f1e8d6c5b4a39281706"


def entry(number: int, version: str, words: str) -> str:
    """What install_deployment_kernel of libostree writes, the keys in its order."""
    where = f"/ostree/fedora-{CHECKSUM[number:]}{CHECKSUM[:number]}"
    options = f"{ROOT} {words} ostree=/ostree/boot.1/fedora/{CHECKSUM}/0".replace("  ", " ")
    return (
        f"title Fedora Linux 44.20260901.0 (Silverblue) (ostree:{number})\nversion {number + 1}\noptions {options}\n"
        f"linux {where}/vmlinuz-{version}\ninitrd {where}/initramfs-{version}.img\n"
    )


def image(words: str = "", release: Release = FEDORA) -> Change:
    """The machine boots the newer of two deployments, each of which has these words."""

    def change(raw: Raw) -> None:
        there(raw, "/run/ostree-booted")
        for version in release.kernels:
            del raw["files"][path_of(version)]
            del raw["files"][f"/boot/vmlinuz-{version}"]
        for number in (0, 1):
            path = f"/boot/loader/entries/ostree-{number + 1}-fedora.conf"
            write(raw, path, entry(number, release.kernels[0], f"{words} rhgb quiet"))
        write(raw, CMDLINE, re.sub(r"crashkernel=\S+", words, raw["files"][CMDLINE]["text"]))
        block(raw, "boot_success=1\n", GRUB_ENV)
        remove(raw, TEMPLATE)
        raw["files"].pop(f"/boot/initramfs-{release.kernels[0]}kdump.img", None)
        raw["mounts"]["/var"] = {**raw["mounts"]["/"], "options": "rw,relatime"}

    return change


def core_os(raw: Raw) -> None:
    """Fedora CoreOS, which mounts /boot read-only, with too little."""
    image("crashkernel=128M")(raw)
    raw["mounts"]["/boot"]["options"] = "ro,nosuid,nodev,noexec,relatime"


def staged(raw: Raw) -> None:
    """An update waits for its reboot."""
    image()(raw)
    there(raw, "/run/ostree/staged-deployment")


def without_tools(raw: Raw) -> None:
    """kdump-utils is not in the image."""
    image()(raw)
    run = next(run for run in raw["commands"] if run["argv"][0] == "rpm")
    run["out"] = "kexec-tools\tinstalled\t2.0.31-1.fc44\npackage kdump-utils is not installed\n"


def unlike(raw: Raw) -> None:
    """Entries that something else than ostree wrote."""
    there(raw, "/run/ostree-booted")


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "fedora44-silverblue": (installed(FEDORA), image()),
    "fedora44-silverblue-ready": (ready(FEDORA, 300 * MIB), image(SIZE)),
    "fedora44-coreos": (ready(FEDORA, 128 * MIB), core_os),
    "fedora44-staged": (installed(FEDORA), staged),
    "fedora44-image-without": (installed(FEDORA), without_tools),
    "fedora44-image-unlike": (installed(FEDORA), unlike),
    "rhel9-image-mode": (installed(EL9), image("", EL9)),
    "rhel10-image-mode": (installed(EL10), image("", EL10)),
}
