"""Which boot loader starts this machine, from what it told the kernel and from the files that each kind leaves."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..evidence import Evidence
from ..finding import Source
from . import extlinux, kernelstub, raspberry_pi, systemd_boot
from .grub import Entry, Menu
from .tools import Value, shell_values

GRUB, SYSTEMD_BOOT, UNIFIED, KERNELSTUB = "grub", "systemd-boot", "unified-kernel-image", "kernelstub"
GRUB_BLS = "grub2-bls"  # GRUB that reads entries as systemd-boot does, and no grub.cfg
SDBOOTUTIL = "sdbootutil"  # who makes SUSE's entries, for either
IMAGES = "kernel-install-uki"
# kernelstub writes the entries of systemd-boot, and images are in its menu.
ENTRY_FILES = (SYSTEMD_BOOT, KERNELSTUB, IMAGES, GRUB_BLS, SDBOOTUTIL)
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
SUSE_CONFIG = "/etc/sysconfig/bootloader"
SUSE_OTHERS = (SYSTEMD_BOOT, GRUB_BLS, "u-boot")
REBOOTS_BY_KEXEC = "/etc/init.d/kexec-load"
WORDS = {
    KERNELSTUB: f"{SYSTEMD_BOOT} and kernelstub",
    DIRECT: "kernelstub without boot entries for systemd-boot",
    raspberry_pi.KIND: "the firmware of the Raspberry Pi",
    extlinux.GENERATED: "extlinux.conf, which u-boot-update makes",
    "u-boot": "a script of U-Boot",
    UNIFIED: "a unified kernel image",
    SEVERAL: "one of several boot loaders",
    GRUB_BLS: "GRUB with the entries of sdbootutil (grub2-bls)",
}
# What an administrator has to do there.
BY_HAND = {
    UNIFIED: "write crashkernel= into /etc/kernel/cmdline, and build it anew with what made it:"
    " `kernel-install add-all`, `mkinitcpio -P` or `dracut --force --uefi`",
    DIRECT: "`kernelstub --add-options crashkernel=...`",
}
# Files of these together are those of one boot loader; U-Boot looks for extlinux.conf before it looks for scripts.
TOGETHER = {
    KERNELSTUB: SYSTEMD_BOOT,
    DIRECT: SYSTEMD_BOOT,
    extlinux.KIND: "u-boot",
    extlinux.GENERATED: "u-boot",
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

    def is_sdbootutils(self, ways: tuple[str, ...]) -> bool:
        """Whether sdbootutil makes the entries, on a platform with these ways to boot."""
        return SDBOOTUTIL in ways and self.kind in (SYSTEMD_BOOT, GRUB_BLS)

    @property
    def by_hand(self) -> str:
        """The steps with which an administrator sets the reservation; empty where none are known."""
        return BY_HAND.get(self.kind, "")


def read(evidence: Evidence, menu: Menu, kernel: str | None) -> BootLoader | None:
    """The boot loader of this machine; null when there is no sign of one, or its signs could not be read.

    What the firmware's variables say is certain, but for a GRUB that may read entries of its own in place of a
    grub.cfg: SUSE's configuration names that. Without them GRUB's grub.cfg counts, unless another loader's files are
    there and GRUB did not start this kernel: both may be left of an earlier life of the machine. Of several others none
    is guessed.
    """
    told = _told(evidence)
    chosen = _chosen(evidence)
    if chosen is not None and (told is None or told.kind == GRUB):
        return chosen
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


def _chosen(evidence: Evidence) -> BootLoader | None:
    """The LOADER_TYPE of SUSE (pbl(8)), where it is none of those that read grub.cfg."""
    kind = shell_values(evidence.text(SUSE_CONFIG) or "").get("LOADER_TYPE", Value("", 0)).value
    return BootLoader(kind, SUSE_CONFIG) if kind in SUSE_OTHERS else None


def _told(evidence: Evidence) -> BootLoader | None:
    """What a boot loader wrote into its EFI variable; a kernel that a stub started has its command line in itself, and
    only systemd-boot would be seen to have chosen it."""
    product = PRODUCT.search((evidence.text(LOADER_INFO) or "")[4:].replace("\0", ""))
    name = product[0] if product else ""
    kind = next((known for known in (GRUB, SYSTEMD_BOOT) if name.lower().startswith(known)), name)
    if kind != SYSTEMD_BOOT and evidence.file(STUB_INFO).error is None:
        return BootLoader(UNIFIED, STUB_INFO)
    if not kind:
        return None
    if kind == SYSTEMD_BOOT and evidence.file(kernelstub.PATH).error is None:
        return BootLoader(_of_kernelstub(evidence), kernelstub.PATH)
    return BootLoader(kind, LOADER_INFO)


def of_entry(evidence: Evidence, loader: BootLoader, entry: Entry) -> BootLoader:
    """What an entry of systemd-boot is: a file with options, or an image, which kernel-install can build anew."""
    if loader.kind != SYSTEMD_BOOT or not systemd_boot.is_image(entry):
        return loader
    return BootLoader(IMAGES if systemd_boot.by_kernel_install(evidence) else UNIFIED, entry.file)


def _of_kernelstub(evidence: Evidence) -> str:
    """kernelstub with entries, or with the command line elsewhere."""
    found = kernelstub.read(evidence)
    return KERNELSTUB if found is not None and found.by_entries else DIRECT


def _grub_started(evidence: Evidence, menu: Menu, kernel: str | None) -> bool:
    """GRUB puts BOOT_IMAGE= first on the command line (grub-core/loader of GRUB), and its menu has this kernel."""
    first = (evidence.text("/proc/cmdline") or "").partition(" ")[0]
    image = first.rpartition("/")[2] if first.startswith("BOOT_IMAGE=") else ""
    names = {entry.kernel.rpartition("/")[2] for entry in menu.entries}
    return bool(image) and kernel is not None and (image in names or any(kernel in name for name in names))
