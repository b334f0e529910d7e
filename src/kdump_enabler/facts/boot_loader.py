"""Which boot loader starts this machine, from what it told the kernel and from the files that each kind leaves."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..evidence import Evidence
from ..finding import Source
from . import extlinux, kernelstub, raspberry_pi
from .grub import Menu
from .tools import Value, shell_values

GRUB, SYSTEMD_BOOT, UNIFIED, KERNELSTUB = "grub", "systemd-boot", "unified-kernel-image", "kernelstub"
ENTRY_FILES = (SYSTEMD_BOOT, KERNELSTUB)  # kernelstub writes the entries of systemd-boot
DIRECT, SYSLINUX, SEVERAL = "kernelstub-direct", "syslinux", "several"
# efivarfs: four bytes of attributes, then UTF-16 (docs.kernel.org/filesystems/efivarfs.html,
# systemd.io/BOOT_LOADER_INTERFACE).
EFI_VARIABLE = "/sys/firmware/efi/efivars/{name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
LOADER_INFO, STUB_INFO = EFI_VARIABLE.format(name="LoaderInfo"), EFI_VARIABLE.format(name="StubInfo")
PRODUCT = re.compile(r"[A-Za-z][\w.+-]*(?: [A-Za-z][\w.+-]*)*")
# What only this kind of boot loader reads.
FILES = (
    (kernelstub.PATH, KERNELSTUB),
    ("/boot/efi/loader/loader.conf", SYSTEMD_BOOT),
    ("/efi/loader/loader.conf", SYSTEMD_BOOT),
    ("/boot/loader/loader.conf", SYSTEMD_BOOT),
    ("/boot/firmware/cmdline.txt", raspberry_pi.KIND),
    ("/boot/cmdline.txt", raspberry_pi.KIND),
    ("/boot/firmware/config.txt", raspberry_pi.KIND),
    (extlinux.PATH, extlinux.KIND),
    ("/boot/boot.scr", "u-boot"),
)
REBOOTS_BY_KEXEC = "/etc/init.d/kexec-load"
WORDS = {
    KERNELSTUB: f"{SYSTEMD_BOOT} and kernelstub",
    DIRECT: "kernelstub without boot entries for systemd-boot",
    raspberry_pi.KIND: "the firmware of the Raspberry Pi",
    extlinux.GENERATED: "extlinux.conf, which u-boot-update makes",
    "u-boot": "a script of U-Boot",
    UNIFIED: "a unified kernel image",
    SEVERAL: "one of several boot loaders",
}
# Files of these together are those of one boot loader; U-Boot looks for extlinux.conf before it looks for scripts.
TOGETHER = {
    KERNELSTUB: SYSTEMD_BOOT,
    DIRECT: SYSTEMD_BOOT,
    extlinux.KIND: "u-boot",
    extlinux.GENERATED: "u-boot",
}


# What an administrator has to do there.
BY_HAND = {
    UNIFIED: "write crashkernel= into /etc/kernel/cmdline, and build it anew with what made it:"
    " `kernel-install add-all`, `mkinitcpio -P` or `dracut --force --uefi`",
    DIRECT: "`kernelstub --add-options crashkernel=...`",
}


@dataclass(frozen=True)
class BootLoader:
    """The kind of boot loader, and the path that told it."""

    kind: str
    source: str

    @property
    def words(self) -> str:
        """The kind as a sentence says it."""
        return WORDS.get(self.kind, self.kind)

    @property
    def by_hand(self) -> str:
        """The steps with which an administrator sets the reservation; empty where none are known."""
        return BY_HAND.get(self.kind, "")


def read(evidence: Evidence, menu: Menu, kernel: str | None) -> BootLoader | None:
    """The boot loader of this machine; null when there is no sign of one, or its signs could not be read.

    What the firmware's variables say is certain. Without them GRUB's grub.cfg counts, unless another loader's files
    are there and GRUB did not start this kernel: both may be left of an earlier life of the machine. Of several others
    none is guessed.
    """
    told = _told(evidence)
    if told is not None:
        return told if told.kind != GRUB or menu.entries else None
    others = [BootLoader(_exactly(evidence, kind), path) for path, kind in FILES if _is_sign(evidence, path, kind)]
    if menu.entries and (not others or _grub_started(evidence, menu, kernel)):
        return BootLoader(GRUB, menu.config)
    if not others or evidence.file(menu.config).unknown:
        return None
    several = len({TOGETHER.get(one.kind, one.kind) for one in others}) > 1
    return BootLoader(SEVERAL, ", ".join(one.source for one in others)) if several else others[0]


def _is_sign(evidence: Evidence, path: str, kind: str) -> bool:
    """The file is there; cmdline.txt says nothing where the firmware starts U-Boot."""
    passed_on = kind == raspberry_pi.KIND and raspberry_pi.starts_u_boot(evidence)
    return evidence.file(path).error is None and not passed_on


def _exactly(evidence: Evidence, kind: str) -> str:
    """On x86 the file is EXTLINUX's own, which knows more keywords than U-Boot does."""
    if kind == extlinux.KIND and evidence.machine in ("x86_64", "i686"):
        return SYSLINUX
    if kind == extlinux.KIND and extlinux.is_generated(evidence):
        return extlinux.GENERATED
    return _of_kernelstub(evidence) if kind == KERNELSTUB else kind


def kexec_reboots(evidence: Evidence) -> Source | None:
    """The line that makes reboots go through kexec: the last LOAD_KEXEC counts, and only `true` means yes
    (/etc/init.d/kexec-load of kexec-tools; 2.0.27 took the script away, and nothing reads the line any more)."""
    if evidence.file(REBOOTS_BY_KEXEC).absent:
        return None
    files = [evidence.file("/etc/default/kexec"), *evidence.below("/etc/default/kexec.d")]
    found = [
        (file.path, values["LOAD_KEXEC"]) for file in files if "LOAD_KEXEC" in (values := shell_values(file.text or ""))
    ]
    path, value = found[-1] if found else ("", Value("", 0))
    return Source(path, value.line, f"LOAD_KEXEC={value.value}") if value.value == "true" else None


def _told(evidence: Evidence) -> BootLoader | None:
    """What a boot loader wrote into its EFI variable; a kernel that a stub started has its command line in itself."""
    if evidence.file(STUB_INFO).error is None:
        return BootLoader(UNIFIED, STUB_INFO)
    product = PRODUCT.search((evidence.text(LOADER_INFO) or "")[4:].replace("\0", ""))
    if product is None:
        return None
    kind = next((known for known in (GRUB, SYSTEMD_BOOT) if product[0].lower().startswith(known)), product[0])
    if kind == SYSTEMD_BOOT and evidence.file(kernelstub.PATH).error is None:
        return BootLoader(_of_kernelstub(evidence), kernelstub.PATH)
    return BootLoader(kind, LOADER_INFO)


def _of_kernelstub(evidence: Evidence) -> str:
    """kernelstub with entries, or with the command line elsewhere."""
    found = kernelstub.read(evidence)
    return KERNELSTUB if found is not None and found.by_entries else DIRECT


def _grub_started(evidence: Evidence, menu: Menu, kernel: str | None) -> bool:
    """GRUB puts BOOT_IMAGE= first on the command line (grub-core/loader of GRUB), and its menu has this kernel."""
    started = (evidence.text("/proc/cmdline") or "").startswith("BOOT_IMAGE=")
    return started and kernel is not None and any(kernel in entry.kernel for entry in menu.entries)
