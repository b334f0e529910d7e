"""What kdump-enabler 1.0.0, a shell script, left on machines: as it wrote it when it ran on copies of these files.

On Debian it ends before it changes anything, as the package linux-crashdump is Ubuntu's: who used it there took that
out of its list.
"""

from __future__ import annotations

from collections.abc import Callable

from ..bases import (
    CMDLINE,
    ENTRY_END,
    FILE,
    GRUB_CFG,
    GRUB_DROPIN,
    KERNEL,
    OWNED,
    SYSRQ_DROPIN,
    Change,
    installed,
    ready,
)
from ..machines import Raw, kernel, remove, replace, write

MAIN = "/etc/default/grub"
SYSCTL_CONF, LINK = "/etc/sysctl.conf", "/etc/sysctl.d/99-sysctl.conf"
STAMPS = ("20251003_141502", "20251003_141911")
ALL_KEYS = "kernel.sysrq = 1\n"
KERNELS_OWN = "CONFIG_MAGIC_SYSRQ_DEFAULT_ENABLE=0x01b6\n"


def ran_twice(raw: Raw) -> None:
    """Two runs before the reboot that it asked for; kdump-tools' own value comes last and counts."""
    _backups(raw, "grub", STAMPS)
    _backups(raw, "kdump-tools", STAMPS)
    _prepended(raw, "crashkernel=256M crashkernel=256M ")
    _sysctl_conf(raw, ALL_KEYS)


def decides(raw: Raw) -> None:
    """One run with --no-sysrq and a reboot, on a machine whose administrator deleted the package's drop-in."""
    _backups(raw, "grub", STAMPS[:1])
    _backups(raw, "kdump-tools", STAMPS[:1])
    _only(raw, "crashkernel=256M ")


def before_the_admins(raw: Raw) -> None:
    """The same run in front of a 1G that the administrator had written."""
    decides(raw)
    replace(raw, MAIN, "crashkernel=256M quiet", "crashkernel=256M crashkernel=1G quiet")
    replace(raw, GRUB_CFG, "crashkernel=256M quiet", "crashkernel=256M crashkernel=1G quiet")
    replace(raw, CMDLINE, "crashkernel=256M quiet", "crashkernel=256M crashkernel=1G quiet")
    kernel(raw, kexec_crash_size=str(1 << 30))


def rewritten_line(raw: Raw) -> None:
    """It overwrote a kernel.sysrq line of the administrator's, and kept no copy of it."""
    _backups(raw, "kdump-tools", STAMPS[:1])
    _sysctl_conf(raw, f"vm.swappiness = 10\n{ALL_KEYS}net.ipv4.ip_forward = 1\n")


def file_of_its_own(raw: Raw) -> None:
    """On a machine without /etc/sysctl.conf it wrote a file of its own."""
    _backups(raw, "kdump-tools", STAMPS[:1])
    _sysctl_conf(raw, "")
    remove(raw, SYSCTL_CONF)
    del raw["files"][LINK]
    write(raw, "/etc/sysctl.d/99-kdump-sysrq.conf", ALL_KEYS)


def look_alike(raw: Raw) -> None:
    """An administrator who wrote the same by hand: no backup of the script's, so nothing is taken for its work."""
    _only(raw, "crashkernel=256M ")
    _sysctl_conf(raw, ALL_KEYS)


def _backups(raw: Raw, name: str, stamps: tuple[str, ...]) -> None:
    for stamp in stamps:
        raw["files"][f"/etc/default/{name}.backup.{stamp}"] = {**OWNED, **FILE, "size": 280}


def _prepended(raw: Raw, words: str) -> None:
    """In the defaults, and in grub.cfg as its update-grub left it; recovery entries have no such variable."""
    replace(raw, MAIN, 'GRUB_CMDLINE_LINUX_DEFAULT="', f'GRUB_CMDLINE_LINUX_DEFAULT="{words}')
    replace(raw, GRUB_CFG, ENTRY_END, f"{ENTRY_END.removesuffix('quiet')}{words}quiet")


def _only(raw: Raw, words: str) -> None:
    """The words, and no drop-in; in effect since the last boot."""
    ours = raw["files"][CMDLINE]["text"].partition("quiet")[2].rstrip("\n")
    remove(raw, GRUB_DROPIN)
    remove(raw, "/etc/default/grub.d/kdump-tools.cfg")
    _prepended(raw, words)
    replace(raw, GRUB_CFG, ours, "")
    replace(raw, CMDLINE, f"quiet{ours}", f"{words}quiet")


def _sysctl_conf(raw: Raw, text: str) -> None:
    """The file and what systemd-sysctl reads through its link; set in the running kernel at once. The kernel's own
    value is known from its configuration."""
    write(raw, SYSCTL_CONF, text)
    write(raw, LINK, text)
    raw["files"].pop(SYSRQ_DROPIN, None)
    write(raw, f"/boot/config-{KERNEL}", KERNELS_OWN)
    kernel(raw, sysrq="1")


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian12-script-twice": (installed, ran_twice),
    "debian12-script-decides": (ready, decides),
    "debian12-script-before-the-admins": (ready, before_the_admins),
    "debian12-script-rewritten-line": (ready, rewritten_line),
    "debian12-script-file-of-its-own": (ready, file_of_its_own),
    "debian12-script-look-alike": (ready, look_alike),
}
