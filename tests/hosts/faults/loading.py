"""Why a capture kernel is not loaded, although there is memory for one or was asked for."""

from __future__ import annotations

from collections.abc import Callable

from ..bases import FILE, GRUB_CFG, KERNEL, OWNED, Change, answer, nothing_loaded, ready
from ..machines import Raw, kernel, remove, replace, write

OTHER = "6.1.0-44-amd64"
NEWER = "6.1.0-57-amd64"
KDUMP = "/var/lib/kdump"
LINK = {**OWNED, "mode": 0o777, "type": 0o120000, "exists": True}
EFI = "/sys/firmware/efi/efivars/{}-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def present(raw: Raw, *paths: str) -> None:
    """Files that are only looked at from outside."""
    raw["files"] |= {path: {**OWNED, **FILE} for path in paths}


def load_failed(raw: Raw) -> None:
    """kexec failed and kdump-config said so; the init script ended with 0 all the same, so the unit is active."""
    nothing_loaded(raw)
    present(raw, f"/boot/vmlinuz-{KERNEL}", "/usr/sbin/mkinitramfs")


def reservation_failed(raw: Raw) -> None:
    """The kernel was asked for memory and found none in one piece (arch/x86/kernel/setup.c of Linux 6.1)."""
    kernel(raw, kexec_crash_size="0")
    nothing_loaded(raw)
    raw["kernel_log"]["lines"][1:2] = ["crashkernel reservation failed - No suitable area found."]


def initrd_of_another(raw: Raw) -> None:
    """Only another kernel's capture initrd is there, and the links still point to that kernel."""
    nothing_loaded(raw)
    remove(raw, f"{KDUMP}/initrd.img-{KERNEL}")
    present(raw, "/usr/sbin/mkinitramfs", f"/boot/vmlinuz-{KERNEL}")
    links_elsewhere(raw)


def links_elsewhere(raw: Raw) -> None:
    """Loaded from this kernel; the links were pointed to another one since, and will be pointed back."""
    present(raw, f"{KDUMP}/initrd.img-{OTHER}", f"/boot/vmlinuz-{OTHER}")
    raw["files"][f"{KDUMP}/initrd.img"] = {**LINK, "link": f"{KDUMP}/initrd.img-{OTHER}"}
    raw["files"][f"{KDUMP}/vmlinuz"] = {**LINK, "link": f"/boot/vmlinuz-{OTHER}"}


def dracut_only(raw: Raw) -> None:
    """dracut took the place of initramfs-tools, so the hook of kdump-tools made nothing and said nothing."""
    nothing_loaded(raw)
    out = next(run["out"] for run in raw["commands"] if run["argv"][0] == "dpkg-query")
    answer(raw, ["dpkg-query"], "".join(line for line in out.splitlines(True) if "initramfs" not in line), 1)
    remove(raw, f"{KDUMP}/initrd.img-{KERNEL}")
    remove(raw, "/usr/sbin/mkinitramfs")
    raw["files"][f"{KDUMP}/initrd.img"] |= {"exists": False}


def no_tool(raw: Raw) -> None:
    """initramfs-tools-core is installed, as dpkg says, and somebody took its mkinitramfs away."""
    nothing_loaded(raw)
    remove(raw, f"{KDUMP}/initrd.img-{KERNEL}")
    remove(raw, "/usr/sbin/mkinitramfs")


def kernel_removed(raw: Raw) -> None:
    """apt-get autoremove took the running kernel after an upgrade, and its capture initrd with it; then somebody
    restarted the unit."""
    nothing_loaded(raw)
    replace(raw, GRUB_CFG, KERNEL, NEWER)
    remove(raw, f"/boot/vmlinuz-{KERNEL}")
    remove(raw, f"{KDUMP}/initrd.img-{KERNEL}")
    present(raw, f"/boot/vmlinuz-{NEWER}", f"{KDUMP}/initrd.img-{NEWER}", "/usr/sbin/mkinitramfs")


def locked_down(raw: Raw) -> None:
    """lockdown=integrity on the command line of a BIOS machine: kdump-config does not add -s."""
    nothing_loaded(raw)
    write(raw, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    _efi(raw, None)
    _says(raw, "Lockdown: kexec: kexec of unsigned images is restricted; see man kernel_lockdown.7")


def unsigned(raw: Raw) -> None:
    """Secure Boot with a kernel of one's own, whose key the kernel does not trust; -s was used."""
    nothing_loaded(raw)
    write(raw, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    _efi(raw, "\x01")
    _says(raw, "kexec_file: kernel signature verification failed (-129).")


def secure_boot(raw: Raw) -> None:
    """Secure Boot with the distribution's kernel: loaded."""
    write(raw, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    _efi(raw, "\x01")


def _says(raw: Raw, line: str) -> None:
    raw["kernel_log"]["lines"].append(line)


def _efi(raw: Raw, secure: str | None) -> None:
    for name, value in (("SecureBoot", secure), ("SetupMode", secure and "\x00")):
        path = EFI.format(name)
        if value is None:
            remove(raw, path)
        else:
            write(raw, path, f"\x06\x00\x00\x00{value}")


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian12-load-failed": (ready, load_failed),
    "debian12-reservation-failed": (ready, reservation_failed),
    "debian12-initrd-of-another": (ready, initrd_of_another),
    "debian12-links-elsewhere": (ready, links_elsewhere),
    "debian12-dracut-only": (ready, dracut_only),
    "debian12-no-mkinitramfs": (ready, no_tool),
    "debian12-kernel-removed": (ready, kernel_removed),
    "debian12-locked-down": (ready, locked_down),
    "debian12-secure-boot-unsigned": (ready, unsigned),
    "debian12-secure-boot": (ready, secure_boot),
}
