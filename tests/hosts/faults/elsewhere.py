"""Machines that are set up by other means, and under Xen: each is told why, and what to do instead."""

from __future__ import annotations

from collections.abc import Callable

from ..bases import CMDLINE, GRUB_CFG, Change, pristine
from ..machines import Raw, kernel, remove, replace, write
from ..roots import running

NIXOS = 'ID=nixos\nNAME=NixOS\nVERSION_ID="25.05"\nPRETTY_NAME="NixOS 25.05 (Warbler)"\n'
XEN_ENTRY = """menuentry 'Debian GNU/Linux, with Xen hypervisor' $menuentry_id_option 'xen-gnulinux-simple-1' {
	insmod part_msdos
	echo	'Loading Xen 4.17-amd64 ...'
	multiboot2	/boot/xen-4.17-amd64.gz placeholder dom0_mem=2G ${xen_rm_opts}
	module2	/boot/vmlinuz-6.1.0-56-amd64 placeholder root=/dev/vda1 ro quiet
	module2	--nounzip   /boot/initrd.img-6.1.0-56-amd64
}
"""
OF_XEN = "### END /etc/grub.d/20_linux_xen ###"


def nixos(raw: Raw) -> None:
    """A system that is an image."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        write(raw, path, NIXOS)


def with_xen(raw: Raw) -> None:
    """The hypervisor's package is there, and its entry boots by itself, as /etc/default/grub.d/xen.cfg of it wants."""
    text = raw["files"][GRUB_CFG]["text"]
    menu = f"### BEGIN /etc/grub.d/20_linux_xen ###\n{XEN_ENTRY}{OF_XEN}\n"
    old = "### BEGIN /etc/grub.d/20_linux_xen ###\n\n" + OF_XEN
    assert text.count(old) == 1
    write(raw, GRUB_CFG, text.replace(old, menu.rstrip()))
    replace(raw, GRUB_CFG, 'set default="0"', 'set default="xen-gnulinux-simple-1"')


def dom0(raw: Raw) -> None:
    """The same after a reboot."""
    with_xen(raw)
    write(raw, "/sys/hypervisor/type", "xen\n")
    write(raw, "/sys/hypervisor/guest_type", "PV\n")
    write(raw, "/proc/xen/capabilities", "control_d\n")
    write(raw, CMDLINE, "placeholder root=/dev/vda1 ro quiet\n")


def pv_guest(raw: Raw) -> None:
    """A domU of the old kind."""
    write(raw, "/sys/hypervisor/type", "xen\n")
    write(raw, "/sys/hypervisor/guest_type", "PV\n")
    write(raw, "/proc/xen/capabilities", "\n")


def hvm_guest(raw: Raw) -> None:
    """A domU with hardware of its own, such as an older instance type of a cloud."""
    write(raw, "/sys/hypervisor/type", "xen\n")
    write(raw, "/sys/hypervisor/guest_type", "HVM\n")


def micro_vm(raw: Raw) -> None:
    """Firecracker: no firmware and no boot loader."""
    remove(raw, GRUB_CFG)
    write(raw, CMDLINE, "reboot=k panic=1 pci=off root=/dev/vda rw virtio_mmio.device=4K@0xd0000000:5\n")


def wsl(raw: Raw) -> None:
    """WSL 2."""
    running(raw, "6.6.87.2-microsoft-standard-WSL2")
    kernel(raw, osrelease="6.6.87.2-microsoft-standard-WSL2")


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "nixos2505": (pristine, nixos),
    "debian12-xen-next": (pristine, with_xen),
    "debian12-xen-dom0": (pristine, dom0),
    "debian12-xen-pv": (pristine, pv_guest),
    "debian12-xen-hvm": (pristine, hvm_guest),
    "debian12-firecracker": (pristine, micro_vm),
    "debian12-wsl": (pristine, wsl),
}
