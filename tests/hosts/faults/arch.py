"""Machines of the Arch family, and one of Debian that chose our own units."""

from __future__ import annotations

from collections.abc import Callable

from ..arch import (
    IMAGE,
    INITRD,
    MIB,
    OURS,
    commands,
    installed,
    not_kept,
    ready,
    stock,
    upgraded,
    with_units,
)
from ..bases import FILE, KERNEL, Change, pristine
from ..bases import installed as with_kdump_tools
from ..machines import Raw, kernel, remove, replace, unreadable, write

CONF = "/etc/kdump-enabler/capture.conf"
MAPPED = {"source": "/dev/nvme1n1p1", "type": "xfs", "options": "rw,relatime", "free": 90 << 30, "total": 100 << 30}
DEVICES = " systemd-udevd.service systemd-udev-trigger.service"


def image_of_a_container(raw: Raw) -> None:
    """The distribution's images say VERSION_ID, too, as nobody has filled in."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        write(raw, path, raw["files"][path]["text"] + "VERSION_ID=TEMPLATE_VERSION_ID\n")


def manjaro_names(raw: Raw) -> None:
    """Manjaro's names below /boot have the series of the kernel in them."""
    old, new = "/boot/vmlinuz-linux", "/boot/vmlinuz-6.17-x86_64"
    for path in ("/proc/cmdline", "/boot/grub/grub.cfg"):
        write(
            raw, path, raw["files"][path]["text"].replace(old, new).replace("initramfs-linux", "initramfs-6.17-x86_64")
        )
    raw["files"][new], raw["files"]["/boot/initramfs-6.17-x86_64.img"] = raw["files"].pop(old), raw["files"].pop(INITRD)


def unloaded_and_upgraded(raw: Raw) -> None:
    """A newer kernel has taken the name, and no copy of the one that runs was kept."""
    upgraded(raw)
    not_kept(raw)


def upgraded_and_kept(raw: Raw) -> None:
    """The same, with a copy: it was unloaded by hand."""
    upgraded(raw)
    kernel(raw, kexec_crash_loaded="0")


def own_units_on_debian(raw: Raw) -> None:
    """Somebody chose them, and the machine keeps that. The recording is older than the look at initrds."""
    raw["files"][f"/boot/initrd.img-{KERNEL}"] = dict(FILE)
    write(raw, "/etc/kdump-enabler/policy.yml", "kdump_provider: own\n")


def no_kernel(raw: Raw) -> None:
    """What the next boot would start is not there either."""
    not_kept(raw)
    remove(raw, IMAGE)


def no_initrd(raw: Raw) -> None:
    """A kernel that boots by itself, without an initrd."""
    remove(raw, INITRD)
    remove(raw, "/boot/initramfs-linux-fallback.img")


def half_upgraded(raw: Raw) -> None:
    """A fresh machine whose kernel was upgraded before it was rebooted."""
    upgraded(raw)


def edited(raw: Raw) -> None:
    """Somebody let the unit that writes the dump wait for all file systems."""
    replace(raw, "/etc/systemd/system/kdump-enabler-save.service", "After=", "Requires=local-fs.target\nAfter=")


def own_disk(raw: Raw) -> None:
    """/var/crash has a disk of its own, which a boot need not have: our unit waits for it."""
    raw["mounts"]["/var/crash"] = dict(MAPPED)
    write(raw, "/etc/fstab", "UUID=1 / ext4 rw,relatime 0 1\n/dev/nvme1n1p1 /var/crash xfs nofail 0 2\n")
    with_units(raw, devices=DEVICES)


def own_disk_upgraded(raw: Raw) -> None:
    """The same after an upgrade of the kernel: the module of xfs went with the others."""
    own_disk(raw)
    upgraded(raw)


def to_a_server(raw: Raw) -> None:
    """A setting of kdump-tools that our own units do not have."""
    write(raw, CONF, "NFS=10.0.0.1:/dumps\n")


def elsewhere(raw: Raw) -> None:
    """Another directory, which our units do not have yet."""
    write(raw, CONF, "KDUMP_COREDIR=/srv/dumps\n")
    raw["directories"]["/srv/dumps"] = {**raw["directories"]["/var/crash"], "real": "/srv/dumps"}


def large_initrd(raw: Raw) -> None:
    """An initrd for every machine."""
    raw["files"]["/var/lib/kdump-enabler/capture/6.17.8-arch1-1/initrd"]["size"] = 150 * MIB


def read_only(raw: Raw) -> None:
    """/boot cannot be written."""
    options = "ro,relatime,fmask=0022,dmask=0022"
    raw["mounts"]["/boot"] = {**raw["mounts"]["/"], "source": "/dev/nvme0n1p1", "type": "vfat", "options": options}


def not_root(raw: Raw) -> None:
    """As a user sees it: what is kept is root's alone, and mkinitcpio's initrds are there to see."""
    raw["euid"] = 1000
    unreadable(raw, "/boot/grub/grub.cfg")
    raw["kernel_log"] = {"error": "EPERM"}
    for name in ("vmlinuz", "initrd"):
        del raw["files"][f"/var/lib/kdump-enabler/capture/6.17.8-arch1-1/{name}"]


def pending(raw: Raw) -> None:
    """What `enable` leaves behind before the reboot: nothing is reserved yet, so the unit was not tried."""
    text = raw["files"]["/proc/cmdline"]["text"]
    write(raw, "/proc/cmdline", text.replace("crashkernel=1G-8G:256M,8G-16G:384M,16G-:512M", "").replace("  ", " "))
    not_kept(raw)
    kernel(raw, kexec_crash_size="0", panic_on_oops="0", panic_on_unrecovered_nmi="0", unknown_nmi_panic="0")
    commands(raw, "kexec-tools 1:2.0.32-1\nmakedumpfile 1.7.9-1\n", dict.fromkeys(OURS, ("inactive", "dead")))


def tools_only(raw: Raw) -> None:
    """Somebody installed both packages, and nothing loads a capture kernel."""
    installed(raw)
    commands(raw, "kexec-tools 1:2.0.32-1\nmakedumpfile 1.7.9-1\n", {})


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "arch-pristine": (stock(), None),
    "arch-image": (stock(), image_of_a_container),
    "arch-tools-only": (stock(), tools_only),
    "arch-half-upgraded": (stock(), half_upgraded),
    "arch-no-initrd": (stock(), no_initrd),
    "arch-read-only-boot": (stock(), read_only),
    "arch-pending": (ready(), pending),
    "arch-ready": (ready(), None),
    "arch-ready-unprivileged": (ready(), not_root),
    "arch-upgraded": (ready(), upgraded),
    "arch-upgraded-not-kept": (ready(), unloaded_and_upgraded),
    "arch-upgraded-kept": (ready(), upgraded_and_kept),
    "arch-no-kernel": (ready(), no_kernel),
    "arch-edited": (ready(), edited),
    "arch-own-disk": (ready(), own_disk),
    "arch-own-disk-upgraded": (ready(), own_disk_upgraded),
    "arch-to-a-server": (ready(), to_a_server),
    "arch-elsewhere": (ready(), elsewhere),
    "arch-large-initrd": (ready(), large_initrd),
    "debian12-own-units": (pristine, own_units_on_debian),
    "debian12-own-units-beside": (with_kdump_tools, own_units_on_debian),
    "endeavouros-pristine": (stock("endeavouros"), None),
    "manjaro-pristine": (stock("manjaro"), manjaro_names),
    "steamos": (stock("steamos"), None),
}
