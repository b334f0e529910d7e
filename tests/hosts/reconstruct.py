"""Makes the reconstructed machines from the recorded ones: `python -m tests.hosts.reconstruct`.

Recordings are the probe's own output on Debian 12 QEMU guests: debian12-pristine, -package-armed, -enabled-armed and
-ready, and -unprivileged as another user saw them. Each other machine is a recorded one after a change that is
written down here.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .machines import HERE, Raw, kernel, load, remove, replace, unit, write

KERNEL = "6.1.0-56-amd64"
GRUB_CFG, CMDLINE, CONFIG = "/boot/grub/grub.cfg", "/proc/cmdline", "/etc/default/kdump-tools"
ENTRY_END = "mitigations=off norandmaps quiet"
GRUB_DROPIN = "/etc/default/grub.d/zz-kdump-enabler.cfg"
UMASK_DROPIN = "/etc/systemd/system/kdump-tools-dump.service.d/zz-kdump-enabler.conf"
PANIC_DROPIN = "/etc/sysctl.d/99-zz-kdump-enabler.conf"
SYSRQ_DROPIN = "/etc/sysctl.d/99-zz-kdump-enabler-sysrq.conf"
DIRECTORY, FILE = {"mode": 0o755, "type": 0o040000}, {"mode": 0o644, "type": 0o100000}
OWNED: dict[str, Any] = {"uid": 0, "gid": 0, "size": 4096, "mtime": 0}
OURS = "1G-8G:256M,8G-16G:384M,16G-:512M"
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
    paths = (GRUB_DROPIN, UMASK_DROPIN, PANIC_DROPIN, SYSRQ_DROPIN, GRUB_CFG, "/etc/default/kexec")
    raw["files"] |= {path: done["files"][path] for path in paths}
    raw["commands"] = done["commands"]
    kernel(raw, panic="10", sysrq="446")
    return raw


def _trimmed(name: str) -> Raw:
    """A recording without the comments of the packages' configuration files."""
    raw = load(name)
    for path in ("/etc/sysctl.conf", "/etc/sysctl.d/99-sysctl.conf", "/etc/default/grub", CONFIG):
        if "text" in raw["files"][path]:
            lines = raw["files"][path]["text"].splitlines(keepends=True)
            write(raw, path, "".join(line for line in lines if line.strip() and not line.startswith("#")))
    return raw


def _answer(raw: Raw, argv: list[str], out: str, rc: int, err: str = "") -> None:
    run = next(run for run in raw["commands"] if run["argv"][: len(argv)] == argv)
    run.update(out=out, rc=rc, err=err)


def _next_boot(raw: Raw, old: str, new: str) -> None:
    """What update-grub makes of it: the recovery entry, which has no `quiet`, is left alone."""
    replace(raw, GRUB_CFG, ENTRY_END + old + "\n", ENTRY_END + new + "\n")


def _nothing_loaded(raw: Raw) -> None:
    kernel(raw, kexec_crash_loaded="0")


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
    _nothing_loaded(raw)


def load_disabled_by_file(raw: Raw) -> None:
    """A hardening profile forbids loading at every boot, before kdump-tools starts."""
    write(raw, "/etc/sysctl.d/60-hardening.conf", "kernel.dmesg_restrict = 1\nkernel.kexec_load_disabled = 1\n")
    kernel(raw, kexec_load_disabled="1")
    _nothing_loaded(raw)


def load_disabled_later(raw: Raw) -> None:
    """The same profile, copied to the machine after it was armed and not in effect yet."""
    write(raw, "/etc/sysctl.d/60-hardening.conf", "kernel.dmesg_restrict = 1\nkernel.kexec_load_disabled = 1\n")


def load_disabled_by_hand(raw: Raw) -> None:
    """Somebody wrote 1 into the running kernel and unloaded the capture kernel; no file says so."""
    kernel(raw, kexec_load_disabled="1")
    _nothing_loaded(raw)


def masked(raw: Raw) -> None:
    """systemctl mask kdump-tools, then a reboot."""
    unit(raw, LoadState="masked", ActiveState="inactive", SubState="dead", UnitFileState="masked")
    _nothing_loaded(raw)


def larger(raw: Raw) -> None:
    """The administrator reserves 1G in /etc/default/grub; our drop-in is not there."""
    remove(raw, GRUB_DROPIN)
    remove(raw, "/etc/default/grub.d/kdump-tools.cfg")
    replace(raw, "/etc/default/grub", '"quiet"', '"quiet crashkernel=1G"')
    _next_boot(raw, f" crashkernel={OURS}", " crashkernel=1G")
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
    _answer(raw, ["sh", "-n", "/etc/default/grub"], "", 2, words)


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


def make(name: str) -> Raw:
    """One reconstructed machine."""
    base, change = MACHINES[name]
    raw = copy.deepcopy(base())
    if change:
        change(raw)
    return raw


def main() -> None:
    """Write every reconstructed evidence.json."""
    for name in MACHINES:
        folder = Path(HERE, name)
        folder.mkdir(exist_ok=True)
        text = json.dumps(make(name), indent=0, sort_keys=True)
        Path(folder, "evidence.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
