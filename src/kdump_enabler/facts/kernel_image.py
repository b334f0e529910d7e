"""Which files are the kernel that runs, as data/own/load.sh finds them when it loads that kernel once more.

GRUB says on the command line what it started (BOOT_IMAGE=). Where names have no version, as /boot/vmlinuz-linux of Arch
Linux, an upgrade puts another kernel there: only what the image says of itself tells (Documentation/arch/x86/boot.rst,
kernel_version; `uname -r`, who built it, and `uname -v`, as arch/x86/boot/version.c of the kernel puts them together).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..evidence import Evidence, File
from .grub import Entry

KEPT = "/var/lib/kdump-enabler/capture"
INITRDS = ("/boot/initramfs-{}.img", "/boot/initrd.img-{}", "/boot/initrd-{}")


@dataclass(frozen=True)
class KernelImage:
    """`path` is where the running kernel came from. `fault` says why it could not be loaded from there, empty when it
    could; null when that could not be seen. `kept`: a copy of it is there; `initrd_bytes` is the size of the initrd
    that goes with either, null when unseen."""

    path: str
    fault: str | None
    kept: bool
    initrd_bytes: int | None


def read(evidence: Evidence) -> KernelImage:
    """The image of the kernel that runs."""
    release, version = _word(evidence, "osrelease"), _word(evidence, "version")
    words = (evidence.text("/proc/cmdline") or "").split()
    booted = next((word for word in words if word.startswith("BOOT_IMAGE=")), f"vmlinuz-{release}")
    path, kept = below_boot(booted), f"{KEPT}/{release}"
    is_kept = _runs(evidence.file(f"{kept}/vmlinuz"), release, version)
    initrd = evidence.file(f"{kept}/initrd") if is_kept else initrd_of(evidence, path)
    return KernelImage(path, _fault(evidence, path, release, version), is_kept, initrd.size if initrd else None)


def missing(evidence: Evidence, path: str) -> str:
    """What a kernel below /boot lacks to be loaded, as a clause; empty for nothing, or where that could not be seen."""
    if evidence.file(path).error is None:
        return "" if initrd_of(evidence, path) else f"there is no initrd beside {path}"
    others = [file for file in evidence.below("/boot") if "/vmlinuz" in file.path]
    gone = evidence.file(path).absent or (others and evidence.lists("/boot"))
    return f"{path} does not exist" if gone else ""


def removed(evidence: Evidence, kernel: str | None, entry: Entry | None) -> str:
    """The path of the running kernel's image if it was removed since the boot, which others were not, and the next
    boot takes one of those, or nobody knows what it takes; empty if not."""
    there = [file.path for file in evidence.below("/boot") if file.error is None]
    images = {name for name in there if name.startswith("/boot/vmlinuz-")}
    path = f"/boot/vmlinuz-{kernel}"
    goes_on = entry is None or entry.release != kernel
    return path if images and path not in images and goes_on and evidence.lists("/boot") else ""


def below_boot(path: str) -> str:
    """Where a file that the boot loader names is in the running system; what it calls /vmlinuz may be /boot/vmlinuz."""
    return f"/boot/{path.rpartition('/')[2].removeprefix('BOOT_IMAGE=')}"


def initrd_of(evidence: Evidence, image: str) -> File | None:
    """The initrd beside an image, by the names that distributions give it."""
    name = image.rpartition("/")[2].removeprefix("vmlinuz-")
    found = (evidence.file(path.format(name)) for path in INITRDS)
    return next((file for file in found if file.error is None), None)


def _fault(evidence: Evidence, path: str, release: str, version: str) -> str | None:
    file = evidence.file(path)
    if lacks := missing(evidence, path):
        return lacks
    if file.text is None or not version:
        return None
    if _runs(file, release, version):
        return ""
    told = file.text.partition(" ")[0]
    return f"{path} is {f'Linux {told}' if told else 'no kernel for x86'}"


def _runs(file: File, release: str, version: str) -> bool:
    text = file.text or ""
    return bool(release and version) and text.startswith(f"{release} (") and text.endswith(f") {version}")


def _word(evidence: Evidence, name: str) -> str:
    return (evidence.text(f"/proc/sys/kernel/{name}") or "").strip()
