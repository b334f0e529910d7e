"""What kernels make of crashkernel= differently, by their release: 6.12.57+deb13-amd64, or the path of an image."""

from __future__ import annotations

import re
from dataclasses import dataclass

MIB = 1024 * 1024
VERSION = re.compile(r"(?:^|[/-])(\d+)\.(\d+)")
# As Debian, EL and Ubuntu name their arm64 kernels, and the Raspberry Pi's.
ARM = re.compile(r"arm64|aarch64|rpi|raspi")
NEWEST = (99, 0)
# A patch of Red Hat's that only the kernel of EL 8 still has (__parse_crashkernel of centos-stream-8's
# kernel/crash_core.c).
AUTO = {
    "x86_64": "1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M",
    "aarch64": "2G-:448M",
    "ppc64le": "2G-4G:384M,4G-16G:512M,16G-64G:1G,64G-128G:2G,128G-:4G",
    "s390x": "1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M",
}
EL8 = re.compile(r"\b4\.18\.0-\S*\.el8\S*?\.(\w+)(?:\+\w+)?\Z")


@dataclass(frozen=True)
class Kernel:
    """A kernel by its release or its image's path. One that tells no version is taken to be the newest."""

    release: str

    @property
    def version(self) -> tuple[int, int]:
        """Such as (6, 12)."""
        match = VERSION.search(self.release)
        return (int(match[1]), int(match[2])) if match else NEWEST

    @property
    def arm(self) -> bool:
        """It is one for arm64."""
        return ARM.search(self.release) is not None

    @property
    def auto(self) -> str:
        """The ranges that `auto` stands for; empty where it is nothing. What Oracle's UEK makes of it is not known."""
        match = EL8.search(self.release)
        return AUTO.get(match[1], "") if match and "uek" not in self.release else ""

    @property
    def knows_cma(self) -> bool:
        """`,cma` is a suffix; older ones take it for a plain word that they cannot read (Linux 6.17)."""
        return self.version >= (6, 17)

    @property
    def knows_high(self) -> bool:
        """arm64 has `,high` and `,low` since Linux 5.19; the 5.14 of EL 9 is taken to have it, too (unconfirmed)."""
        return not self.arm or self.version > (5, 10)

    @property
    def forgives(self) -> bool:
        """x86 before Linux 6.7: `,high` also counts where the plain word is nothing, and a `,low` that cannot be read
        is the default (reserve_crashkernel of arch/x86/kernel/setup.c)."""
        return not self.arm and self.version < (6, 7)

    @property
    def default_low(self) -> int:
        """Bytes below 4 GiB that come with `,high` alone (DEFAULT_CRASH_KERNEL_LOW_SIZE; x86_64's is more where its
        swiotlb is larger than usual; arm64 has one since Linux 6.2)."""
        return 256 * MIB if not self.arm else 128 * MIB if self.version >= (6, 2) else 0


def telling(*names: str | None) -> str:
    """The first of these releases and paths that tells a version; empty if none does."""
    return next((name for name in names if name and VERSION.search(name)), "")
