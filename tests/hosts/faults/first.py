"""The faults of one Debian 12 machine: its service, settings, dumps and defaults."""

from __future__ import annotations

from collections.abc import Callable

from ..bases import (
    CMDLINE,
    CONFIG,
    DIRECTORY,
    FILE,
    GRUB_DROPIN,
    OURS,
    OWNED,
    PANIC_DROPIN,
    SYSRQ_DROPIN,
    Change,
    answer,
    installed,
    next_boot,
    nothing_loaded,
    pending,
    pristine,
    ready,
)
from ..machines import Raw, kernel, remove, replace, unit, write


def readable_dumps(raw: Raw) -> None:
    """A dump of before the umask was set."""
    stamp = "202611201130"
    names = {f"dmesg.{stamp}": {**OWNED, **FILE}, f"dump.{stamp}": {**OWNED, **FILE, "size": 60000000}}
    crash = raw["directories"]["/var/crash"]
    crash["names"].insert(0, stamp)
    crash["dumps"][stamp] = {**OWNED, **DIRECTORY, "names": sorted(names), "files": names}


def private_dumps(raw: Raw) -> None:
    """The same dump, as root's umask of 0077 leaves it."""
    readable_dumps(raw)
    inside = raw["directories"]["/var/crash"]["dumps"]["202611201130"]
    inside["mode"] = 0o700
    for record in inside["files"].values():
        record["mode"] = 0o600


def switched_off(raw: Raw) -> None:
    """USE_KDUMP=0: the unit still ends with success."""
    replace(raw, CONFIG, "USE_KDUMP=1", "USE_KDUMP=0")
    nothing_loaded(raw)


def load_disabled_by_file(raw: Raw) -> None:
    """A hardening profile forbids loading at every boot, before kdump-tools starts."""
    write(raw, "/etc/sysctl.d/60-hardening.conf", "kernel.dmesg_restrict = 1\nkernel.kexec_load_disabled = 1\n")
    kernel(raw, kexec_load_disabled="1")
    nothing_loaded(raw)


def load_disabled_later(raw: Raw) -> None:
    """The same profile, copied to the machine after it was armed and not in effect yet."""
    write(raw, "/etc/sysctl.d/60-hardening.conf", "kernel.dmesg_restrict = 1\nkernel.kexec_load_disabled = 1\n")


def load_disabled_by_hand(raw: Raw) -> None:
    """Somebody wrote 1 into the running kernel and unloaded the capture kernel; no file says so."""
    kernel(raw, kexec_load_disabled="1")
    nothing_loaded(raw)


def masked(raw: Raw) -> None:
    """systemctl mask kdump-tools, then a reboot."""
    unit(raw, LoadState="masked", ActiveState="inactive", SubState="dead", UnitFileState="masked")
    nothing_loaded(raw)


def larger(raw: Raw) -> None:
    """The administrator reserves 1G in /etc/default/grub; our drop-in is not there."""
    remove(raw, GRUB_DROPIN)
    remove(raw, "/etc/default/grub.d/kdump-tools.cfg")
    replace(raw, "/etc/default/grub", '"quiet"', '"quiet crashkernel=1G"')
    next_boot(raw, f" crashkernel={OURS}", " crashkernel=1G")
    replace(raw, CMDLINE, OURS, "1G")
    kernel(raw, kexec_crash_size=str(1 << 30))


def sysrq_off(raw: Raw) -> None:
    """The administrator switched SysRq off."""
    _sysrq(raw, "0")


def sysrq_all(raw: Raw) -> None:
    """The administrator allows everything."""
    _sysrq(raw, "1")


def _sysrq(raw: Raw, value: str) -> None:
    remove(raw, SYSRQ_DROPIN)
    write(raw, "/etc/sysctl.d/50-sysrq.conf", f"kernel.sysrq = {value}\n")
    kernel(raw, sysrq=value)


def panic_at_once(raw: Raw) -> None:
    """The administrator's kernel.panic=-1 (reboot at once) in another file."""
    write(raw, "/etc/sysctl.d/50-panic.conf", "kernel.panic = -1\n")
    replace(raw, PANIC_DROPIN, "kernel.panic = 10\n", "")
    kernel(raw, panic="-1")


def unbalanced_quotes(raw: Raw) -> None:
    """A typing mistake in /etc/default/grub, with dash's own words about it."""
    replace(raw, "/etc/default/grub", 'DEFAULT="quiet"', 'DEFAULT="quiet')
    lines = raw["files"]["/etc/default/grub"]["text"].count("\n")
    words = f"/etc/default/grub: {lines + 1}: Syntax error: Unterminated quoted string\n"
    answer(raw, ["sh", "-n", "/etc/default/grub"], "", 2, words)


def boot_full(raw: Raw) -> None:
    """A /boot of its own with 1 MiB left."""
    raw["mounts"]["/boot"] = {**raw["mounts"]["/"], "source": "/dev/vda2", "free": 1048576, "total": 254803968}


def container(raw: Raw) -> None:
    """systemd-nspawn: the kernel's files are the host's."""
    write(raw, "/run/systemd/container", "systemd-nspawn\n")


def other_distribution(raw: Raw) -> None:
    """A distribution that nobody knows."""
    text = 'PRETTY_NAME="Examplix 3"\nNAME=Examplix\nID=examplix\nVERSION_ID=3\n'
    write(raw, "/etc/os-release", text)
    write(raw, "/usr/lib/os-release", text)


def noisy_nmi(raw: Raw) -> None:
    """Hardware that sends NMIs nobody explains (arch/x86/kernel/nmi.c)."""
    raw["kernel_log"] = {"lines": ["Uhhuh. NMI received for unknown reason 2d on CPU 0."]}


def load_kexec(raw: Raw) -> None:
    """Reboots go through kexec-tools' init script."""
    replace(raw, "/etc/default/kexec", "LOAD_KEXEC=false", "LOAD_KEXEC=true")


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian12-installed": (installed, None),
    "debian12-pending": (pending, None),
    "debian12-pending-load-kexec": (pending, load_kexec),
    "debian12-dumps-readable": (ready, readable_dumps),
    "debian12-dumps-private": (ready, private_dumps),
    "debian12-switched-off": (ready, switched_off),
    "debian12-load-disabled-by-file": (ready, load_disabled_by_file),
    "debian12-load-disabled-later": (ready, load_disabled_later),
    "debian12-load-disabled-by-hand": (ready, load_disabled_by_hand),
    "debian12-masked": (ready, masked),
    "debian12-larger-stays": (ready, larger),
    "debian12-sysrq-off": (ready, sysrq_off),
    "debian12-sysrq-all": (ready, sysrq_all),
    "debian12-panic-at-once": (ready, panic_at_once),
    "debian12-unbalanced-quotes": (pristine, unbalanced_quotes),
    "debian12-boot-full": (pristine, boot_full),
    "debian12-container": (pristine, container),
    "examplix": (pristine, other_distribution),
    "debian12-noisy-nmi": (pristine, noisy_nmi),
}
