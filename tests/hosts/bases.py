"""States of a Debian 12 machine that the reconstructed ones start from, each made from recordings.

Recordings are the probe's own output on Debian 12 QEMU guests: debian12-pristine, -package-armed, -enabled-armed and
-ready, and -unprivileged as another user saw them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .machines import Raw, kernel, load, replace, write

KERNEL = "6.1.0-56-amd64"
GRUB_CFG, CMDLINE, CONFIG = "/boot/grub/grub.cfg", "/proc/cmdline", "/etc/default/kdump-tools"
ENTRY_END = "mitigations=off norandmaps quiet"
GRUB_DROPIN = "/etc/default/grub.d/zz-kdump-enabler.cfg"
UMASK_DROPIN = "/etc/systemd/system/kdump-tools-dump.service.d/zz-kdump-enabler.conf"
PANIC_DROPIN = "/etc/sysctl.d/zz-kdump-enabler.conf"
SYSRQ_DROPIN = "/etc/sysctl.d/zz-kdump-enabler-sysrq.conf"
DIRECTORY, FILE = {"mode": 0o755, "type": 0o040000}, {"mode": 0o644, "type": 0o100000}
OWNED: dict[str, Any] = {"uid": 0, "gid": 0, "size": 4096, "mtime": 0}
OURS = "1G-8G:256M,8G-16G:384M,16G-:512M"
KNOBS = {
    **dict.fromkeys(
        (f"kernel/{name}_all_cpu_backtrace" for name in ("hardlockup", "hung_task", "oops", "softlockup")), 0
    ),
    **dict.fromkeys((f"kernel/panic_on_{name}" for name in ("io_nmi", "rcu_stall", "warn")), 0),
    **dict.fromkeys((f"kernel/{name}_panic" for name in ("hardlockup", "hung_task", "softlockup")), 0),
    **dict.fromkeys(("kernel/watchdog", "kernel/soft_watchdog", "kernel/nmi_watchdog"), 1),
    "kernel/hung_task_timeout_secs": 120,
    "kernel/max_rcu_stall_to_panic": 0,
    "kernel/watchdog_thresh": 10,
    "kernel/printk": "4\t4\t1\t7",
    "vm/panic_on_oom": 0,
}
DEFAULT_LINE = "#KDUMP_CMDLINE_APPEND="  # that of the package, without panic=
Change = Callable[[Raw], None]


def pristine() -> Raw:
    """debian12-pristine, trimmed."""
    return _trimmed("debian12-pristine")


def ready() -> Raw:
    """debian12-ready, trimmed."""
    return _trimmed("debian12-ready")


def installed() -> Raw:
    """apt-get install kdump-tools makedumpfile and nothing else: what debian12-package-armed was before its reboot."""
    raw, armed = pristine(), _trimmed("debian12-package-armed")
    raw["commands"], raw["directories"]["/var/crash"] = armed["commands"], armed["directories"]["/var/crash"]
    raw["directories"]["/var/crash"]["names"] = []
    paths = (CONFIG, "/etc/default/kexec", "/etc/default/grub.d/kdump-tools.cfg", GRUB_CFG)
    raw["files"] |= {path: armed["files"][path] for path in paths}
    return raw


def pending() -> Raw:
    """What `enable` leaves behind on it before the reboot; the files are those it wrote on debian12-ready."""
    raw, done = installed(), ready()
    paths = (GRUB_DROPIN, UMASK_DROPIN, PANIC_DROPIN, SYSRQ_DROPIN, GRUB_CFG, CONFIG, "/etc/default/kexec")
    raw["files"] |= {path: done["files"][path] for path in paths}
    raw["commands"] = done["commands"]
    kernel(raw, panic="10", sysrq="446")
    return raw


def knobs(raw: Raw) -> None:
    """The other settings of this kernel, as it starts with them (6.1 of Debian, with performance counters)."""
    for path, value in KNOBS.items():
        write(raw, f"/proc/sys/{path}", f"{value}\n")
    raw["files"]["/proc/sys/kernel/panic_on_stackoverflow"] = {"error": "ENOENT"}


def answer(raw: Raw, argv: list[str], out: str, rc: int, err: str = "") -> None:
    """What a recorded command printed instead."""
    run = next(run for run in raw["commands"] if run["argv"][: len(argv)] == argv)
    run.update(out=out, rc=rc, err=err)


def next_boot(raw: Raw, old: str, new: str) -> None:
    """What update-grub makes of it: the recovery entry, which has no `quiet`, is left alone."""
    replace(raw, GRUB_CFG, ENTRY_END + old + "\n", ENTRY_END + new + "\n")


def nothing_loaded(raw: Raw) -> None:
    """No capture kernel is loaded."""
    kernel(raw, kexec_crash_loaded="0")


def _trimmed(name: str) -> Raw:
    """A recording without the comments of the packages' configuration files, but for the one that states a default."""
    raw = load(name)
    for path in ("/etc/sysctl.conf", "/etc/sysctl.d/99-sysctl.conf", "/etc/default/grub", CONFIG):
        if "text" in raw["files"][path]:
            lines = raw["files"][path]["text"].splitlines(keepends=True)
            kept = (line for line in lines if line.strip() and (line[0] != "#" or line.startswith(DEFAULT_LINE)))
            write(raw, path, "".join(kept))
    return raw
