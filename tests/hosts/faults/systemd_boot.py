"""Machines that systemd-boot boots: clean, ready, and with what goes wrong on the partition that firmware reads."""

from __future__ import annotations

import copy
from collections.abc import Callable

from kdump_enabler.facts.boot_loader import LOADER_INFO
from kdump_enabler.facts.systemd_boot import CHOSEN, ONCE

from .. import red_hat
from ..bases import GRUB_DROPIN, KERNEL, OURS, Change
from ..machines import Raw, remove, replace, unreadable, write
from ..roots import FILE, there
from ..systemd_boot import ESP, ID, LOADER_CONF, OLDER, OPTIONS, TEMPLATE, entry, lay_out, path_of, pop, unify, variable
from . import platforms
from .platforms import called, debian, debian12, debian12_ready, jammy, noble

WORD = f"crashkernel={OURS}"


def clean(raw: Raw) -> None:
    """Debian 12 with the systemd-boot package, two kernels, and nothing of kdump."""
    lay_out(raw, (KERNEL, OLDER))


def untold(raw: Raw) -> None:
    """The same where the firmware's variables cannot be read, and GRUB's old menu is still there."""
    menu = raw["files"]["/boot/grub/grub.cfg"]["text"]
    clean(raw)
    write(raw, "/boot/grub/grub.cfg", menu)
    remove(raw, LOADER_INFO)


def done(raw: Raw) -> None:
    """What `enable` leaves, after a reboot."""
    lay_out(raw, (KERNEL, OLDER), WORD)
    remove(raw, GRUB_DROPIN)


def unmounted(raw: Raw) -> None:
    """The ESP is not mounted: nobody reads the firmware's partition."""
    clean(raw)
    del raw["mounts"][ESP]
    for path in [path for path in raw["files"] if path.startswith(ESP)]:
        remove(raw, path)


def read_only(raw: Raw) -> None:
    """The ESP is mounted read-only."""
    clean(raw)
    raw["mounts"][ESP]["options"] = "ro,relatime,fmask=0077,dmask=0077"


def full(raw: Raw) -> None:
    """The ESP has 64 KiB left."""
    clean(raw)
    raw["mounts"][ESP]["free"] = 64 << 10


def closed(raw: Raw) -> None:
    """Looked at without root: Debian mounts the ESP for root alone."""
    done(raw)
    raw["euid"] = 1000
    unreadable(raw, LOADER_CONF)
    for version in (KERNEL, OLDER):
        del raw["files"][path_of(version)]


def chosen_older(raw: Raw) -> None:
    """`bootctl set-default` names the older kernel, whose entry somebody wrote again."""
    done(raw)
    write(raw, path_of(OLDER), entry(OLDER, OPTIONS))
    variable(raw, CHOSEN, f"{ID}-{OLDER}.conf")


def once(raw: Raw) -> None:
    """`systemctl reboot --boot-loader-entry=`: the next boot alone takes the older kernel."""
    done(raw)
    write(raw, path_of(OLDER), entry(OLDER, OPTIONS))
    variable(raw, ONCE, f"{ID}-{OLDER}.conf")


def old_template(raw: Raw) -> None:
    """The entries ask for enough, and the file that new ones are made from does not."""
    done(raw)
    write(raw, TEMPLATE, OPTIONS + "\n")


def image_beside(raw: Raw) -> None:
    """A unified kernel image comes first in the menu, and nobody could read its command line."""
    clean(raw)
    write(raw, f"{ESP}/EFI/Linux/debian.efi", "osrel ID=a\n")


def counted(raw: Raw) -> None:
    """Boot counting: the newest kernel has no tries left, so the older one boots, and that one is as it was."""
    done(raw)
    text = raw["files"].pop(path_of(KERNEL))["text"]
    write(raw, path_of(KERNEL, tries="+0-3"), text)
    write(raw, path_of(OLDER), entry(OLDER, OPTIONS))


def no_options(raw: Raw) -> None:
    """The entry that boots next has no options line."""
    clean(raw)
    replace(raw, path_of(KERNEL), "options    ", "#options    ")


def fedora(words: str = "") -> Change:
    """Fedora as `inst.sdboot` of its installer leaves it, with the ESP at /boot/efi."""

    def change(raw: Raw) -> None:
        version = red_hat.FEDORA.kernels[0]
        for path in [path for path in raw["files"] if path.startswith(("/boot/grub2", "/boot/loader"))]:
            remove(raw, path)
        lay_out(raw, (version,), words)
        write(raw, path_of(version), entry(version, f"{OPTIONS} {words}".strip(), "Fedora Linux 44", "fedora"))
        remove(raw, red_hat.MAIN)

    return change


def pop22(raw: Raw) -> None:
    """Pop!_OS 22.04 on EFI."""
    called("pop2204")(raw)
    pop(raw)


def pop24_untold(raw: Raw) -> None:
    """Pop!_OS 24.04 where nothing was told by the firmware: kernelstub's own file is left to say it."""
    called("pop2404")(raw)
    pop(raw)
    remove(raw, LOADER_INFO)


def pop24_direct(raw: Raw) -> None:
    """The same, with the command line in the firmware's variables."""
    called("pop2404")(raw)
    pop(raw, setup_loader=False, manage_mode=False)
    remove(raw, LOADER_INFO)


def in_place_of_grub(base: Callable[[], Raw], change: Change | None) -> Callable[[], Raw]:
    """A clean machine of a platform, with systemd-boot and one kernel."""

    def made() -> Raw:
        raw = copy.deepcopy(base())
        if change:
            change(raw)
        lay_out(raw, (raw["files"]["/proc/sys/kernel/osrelease"]["text"].strip(),))
        return raw

    return made


def unified_in_place_of_grub(base: Callable[[], Raw], change: Change | None) -> Callable[[], Raw]:
    """The same with a unified image that kernel-install makes."""

    def made() -> Raw:
        raw = copy.deepcopy(base())
        if change:
            change(raw)
        unify(raw, (raw["files"]["/proc/sys/kernel/osrelease"]["text"].strip(),))
        return raw

    return made


def fedora_unified(words: str = "", conf: str = "layout=uki\n") -> Change:
    """Fedora with unified images; dnf brings kernels below /lib/modules."""

    def change(raw: Raw) -> None:
        fedora(words)(raw)
        version = red_hat.FEDORA.kernels[0]
        unify(raw, (version,), words, conf)
        for path in (f"/boot/vmlinuz-{version}", red_hat.MAIN):
            remove(raw, path)
        raw["files"][f"/lib/modules/{version}/vmlinuz"] = dict(FILE)

    return change


def foreign_image(raw: Raw) -> None:
    """A unified image that nothing on the machine makes: it came with a package, or from another builder."""
    unify(raw, (KERNEL,), conf="layout=other\n")


def of_no_kernel(raw: Raw) -> None:
    """The image that boots next belongs to a kernel that is not installed any more."""
    version = raw["files"]["/proc/sys/kernel/osrelease"]["text"].strip()
    unify(raw, (version,))
    remove(raw, f"/boot/vmlinuz-{version}")
    there(raw, "/boot/vmlinuz-6.12.0-older")


UNIFIED = (
    "debian13-pristine",
    "debian13-arm64",
    "debian-testing-pristine",
    "ubuntu2510-pristine",
    "ubuntu2604-pristine",
)
CLEAN = (
    *("debian12-arm64", "debian13-pristine", "debian13-arm64", "debian-testing-pristine", "debian-testing-arm64"),
    *("ubuntu2404-pristine", "ubuntu2510-pristine", "ubuntu2510-arm64", "ubuntu2604-pristine", "ubuntu2604-arm64"),
)
MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian12-systemd-boot": (debian12, clean),
    "debian12-systemd-boot-untold": (debian12, untold),
    "debian12-systemd-boot-ready": (debian12_ready, done),
    "debian12-systemd-boot-unprivileged": (debian12_ready, closed),
    "debian12-systemd-boot-unmounted": (debian12, unmounted),
    "debian12-systemd-boot-read-only": (debian12, read_only),
    "debian12-systemd-boot-full": (debian12, full),
    "debian12-systemd-boot-chosen-older": (debian12_ready, chosen_older),
    "debian12-systemd-boot-once": (debian12_ready, once),
    "debian12-systemd-boot-old-template": (debian12_ready, old_template),
    "debian12-systemd-boot-image-beside": (debian12, image_beside),
    "debian12-systemd-boot-counted": (debian12_ready, counted),
    "debian12-systemd-boot-no-options": (debian12, no_options),
    **{
        name.removesuffix("-pristine") + "-systemd-boot": (in_place_of_grub(*platforms.MACHINES[name]), None)
        for name in CLEAN
    },
    **{
        name.removesuffix("-pristine") + "-unified": (unified_in_place_of_grub(*platforms.MACHINES[name]), None)
        for name in UNIFIED
    },
    "debian12-unified-kernel": (debian12, foreign_image),
    "debian13-unified-no-kernel": (debian("debian13"), of_no_kernel),
    "fedora44-unified": (red_hat.stock(), fedora_unified()),
    "fedora44-unified-by-package": (red_hat.stock(), fedora_unified(conf="layout=bls\n")),
    "fedora44-unified-ready": (
        red_hat.ready(red_hat.FEDORA, 256 << 20),
        fedora_unified(f"crashkernel={red_hat.FEDORA.crashkernel}"),
    ),
    "pop2204-kernelstub": (jammy, pop22),
    "pop2404-kernelstub": (noble, pop24_untold),
    "pop2404-kernelstub-direct": (noble, pop24_direct),
    "fedora44-systemd-boot": (red_hat.stock(), fedora()),
    "fedora44-systemd-boot-ready": (
        red_hat.ready(red_hat.FEDORA, 256 << 20),
        fedora(f"crashkernel={red_hat.FEDORA.crashkernel}"),
    ),
}
