"""SUSE's transactional systems: / is a read-only snapshot, and what a person typed waits for the next boot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as with_

from kdump_enabler import probe
from kdump_enabler.facts.boot_loader import GRUB_BLS

from ..bases import PANIC_DROPIN, Change
from ..bases import ready as debian
from ..machines import Raw, kernel, remove, unit, write
from ..roots import arm64, there
from ..suse import MIB, SLES16, STOCK, TUMBLEWEED, Release, by_entries, menu, os_release, ready, stock
from .suse import unprivileged

MICROOS = with_(TUMBLEWEED, identity=os_release("opensuse-microos", "20261115", "openSUSE MicroOS", "suse opensuse"))
SLMICRO = with_(SLES16, identity=os_release("sl-micro", "6.1", "SUSE Linux Micro", "suse sle-micro opensuse-microos"))
TYPED = "256M"  # --crashkernel=256
# Of its own subvolumes, those that matter here (README.md of openSUSE/transactional-update)
WRITABLE = {"/var": "/@/var", "/.snapshots": "/@/.snapshots", "/etc": "/@/.snapshots/{}/snapshot/etc"}
SUBVOLUME = "subvol=/@/.snapshots/{}/snapshot"


def transactional(running: int = 1, default: int = 1) -> Change:
    """The snapshots that run and that boots next."""

    def change(raw: Raw) -> None:
        there(raw, probe.TRANSACTIONAL)
        options = raw["mounts"]["/"]["options"].replace("rw,", "ro,")
        raw["mounts"]["/"]["options"] = options.replace(SUBVOLUME.format(1), SUBVOLUME.format(running))
        for point, name in WRITABLE.items():
            raw["mounts"][point] = raw["mounts"]["/"] | {"options": f"rw,relatime,subvol={name.format(running)}"}
        out = f"ID 267 gen 95 top level 263 path @/.snapshots/{default}/snapshot\n"
        raw["commands"].append({"argv": list(probe.DEFAULT_SNAPSHOT), "rc": 0, "out": out, "err": ""})
        for path in probe.SNAPSHOT_TEXTS + probe.SNAPSHOT_STATS:
            remove(raw, path.format(default))

    return change


def holds(raw: Raw, number: int, release: Release, words: str = f"crashkernel={TYPED}", enabled: int = 1) -> None:
    """What setup-kdump leaves in a snapshot; `enabled` is where the link stands, 2 being the overlay of /etc that there
    was before transactional-update 5."""
    write(raw, probe.SNAPSHOT_TEXTS[0].format(number), menu(release, " ".join(filter(None, (STOCK, words)))))
    for path in (probe.SNAPSHOT_STATS[0], probe.SNAPSHOT_STATS[enabled]):
        there(raw, path.format(number))


def typed(raw: Raw) -> None:
    """Somebody typed the command, and did not reboot."""
    transactional(1, 2)(raw)
    holds(raw, 2, MICROOS)


def waits(raw: Raw) -> None:
    """The same, after `enable` wrote what stands in /etc."""
    typed(raw)
    raw["files"][PANIC_DROPIN] = debian()["files"][PANIC_DROPIN]
    kernel(raw, panic="10")


def by_overlay(raw: Raw) -> None:
    """The same on an older one, whose /etc is an overlay."""
    transactional(1, 2)(raw)
    holds(raw, 2, SLMICRO, enabled=2)
    raw["files"][PANIC_DROPIN] = debian()["files"][PANIC_DROPIN]
    kernel(raw, panic="10")


def unreserved(raw: Raw) -> None:
    """`kdumptool commandline -u` failed in the new snapshot, which setup-kdump does not look at."""
    transactional(1, 2)(raw)
    holds(raw, 2, MICROOS, words="")


def discarded(raw: Raw) -> None:
    """`transactional-update rollback 1` on a ready machine: the next boot goes back before kdump."""
    transactional(2, 1)(raw)
    write(raw, probe.SNAPSHOT_TEXTS[0].format(1), menu(MICROOS, STOCK))


def by_a_user(raw: Raw) -> None:
    """As a user sees it, whom btrfs tells nothing."""
    transactional(2, 2)(raw)
    unprivileged(raw)
    raw["commands"][-1] |= {"rc": 1, "out": "", "err": "ERROR: cannot retrieve default subvolume id\n"}


def unit_off(raw: Raw) -> None:
    """Somebody disabled the unit; all else is there."""
    transactional(2, 2)(raw)
    unit(raw, "kdump.service", UnitFileState="disabled", ActiveState="inactive", SubState="dead")
    kernel(raw, kexec_crash_loaded="0")


def bls(raw: Raw) -> None:
    """With entries by sdbootutil, which name their snapshot themselves."""
    by_entries(raw, GRUB_BLS, f"crashkernel={TYPED}")
    transactional()(raw)


def on_arm64(raw: Raw) -> None:
    """With the other processor."""
    arm64(raw)
    transactional()(raw)


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "microos": (stock(MICROOS), transactional()),
    "microos-arm64": (stock(MICROOS), on_arm64),
    "microos-typed": (stock(MICROOS), typed),
    "microos-reboot-pending": (stock(MICROOS), waits),
    "microos-unreserved": (stock(MICROOS), unreserved),
    "microos-ready": (ready(MICROOS, TYPED), transactional(2, 2)),
    "microos-ready-unprivileged": (ready(MICROOS, TYPED), by_a_user),
    "microos-too-little": (ready(MICROOS, "128M", 128 * MIB), transactional(2, 2)),
    "microos-discarded": (ready(MICROOS, TYPED), discarded),
    "microos-unit-off": (ready(MICROOS, TYPED), unit_off),
    "microos-grub2-bls-ready": (ready(MICROOS, TYPED), bls),
    "slmicro-reboot-pending": (stock(SLMICRO), by_overlay),
    "sles16-transactional": (stock(SLES16), transactional()),
}
