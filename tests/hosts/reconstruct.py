"""Makes the reconstructed machines from the recorded one: `python -m tests.hosts.reconstruct`.

A recording is debian12-pristine: the probe's own output on a Debian 12 QEMU guest. Each other machine is the same
one after a change that is written down here; where a state was seen on a second guest (kdump-tools 1:1.8.1 after
its installation and after the reboot), the values are those that guest showed.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kdump_enabler import wanted
from kdump_enabler.facts.machine import PANIC_DROPIN, SYSRQ_DROPIN

from .machines import HERE, Raw, kernel, load, remove, replace, unit, unreadable, write

KERNEL = "6.1.0-56-amd64"
GRUB_CFG, CMDLINE, CONFIG = "/boot/grub/grub.cfg", "/proc/cmdline", "/etc/default/kdump-tools"
ENTRY_END = "mitigations=off norandmaps quiet"
DIRECTORY, FILE = {"mode": 0o755, "type": 0o040000}, {"mode": 0o644, "type": 0o100000}
OWNED: dict[str, Any] = {"uid": 0, "gid": 0, "size": 4096, "mtime": 0}
DPKG = """initramfs-tools-core\tinstalled\t0.142+deb12u3
kdump-tools\tinstalled\t1:1.8.1
kexec-tools\tinstalled\t1:2.0.25-3+deb12u3
makedumpfile\tinstalled\t1:1.7.2-1
"""
SHOW = """Result=success
UMask=0022
Id=kdump-tools.service
LoadState=loaded
ActiveState=active
SubState=exited
UnitFileState=enabled

Result=success
UMask={umask}
Id=kdump-tools-dump.service
LoadState=loaded
ActiveState=inactive
SubState=dead
UnitFileState=static
"""
PACKAGE_DROPIN = 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=384M-:128M"\n'
OURS = "1G-8G:256M,8G-16G:384M,16G-:512M"
PANIC = {
    "kernel.panic": 10,
    "kernel.panic_on_oops": 1,
    "kernel.panic_on_unrecovered_nmi": 1,
    "kernel.unknown_nmi_panic": 1,
}
Change = Callable[[Raw], None]


def pristine() -> Raw:
    """The recording, without the comments of its configuration files."""
    raw = load("debian12-pristine")
    for path in ("/etc/sysctl.conf", "/etc/sysctl.d/99-sysctl.conf", "/etc/default/grub"):
        lines = raw["files"][path]["text"].splitlines(keepends=True)
        write(raw, path, "".join(line for line in lines if line.strip() and not line.startswith("#")))
    return raw


def installed() -> Raw:
    """apt-get install kdump-tools makedumpfile, nothing else; kexec-tools presets LOAD_KEXEC=true."""
    raw = pristine()
    _answer(raw, ["dpkg-query"], DPKG, 0)
    _answer(raw, ["systemctl", "show"], SHOW.format(umask="0022"), 0)
    write(raw, CONFIG, 'USE_KDUMP=1\nKDUMP_KERNEL=/var/lib/kdump/vmlinuz\nKDUMP_COREDIR="/var/crash"\n')
    write(raw, "/etc/default/kexec", 'LOAD_KEXEC=true\nKERNEL_IMAGE="/vmlinuz"\nUSE_GRUB_CONFIG=false\n')
    write(raw, "/etc/default/grub.d/kdump-tools.cfg", PACKAGE_DROPIN)
    raw["commands"].append(
        {"argv": ["sh", "-n", "/etc/default/grub.d/kdump-tools.cfg"], "rc": 0, "out": "", "err": "", "seconds": 0.02}
    )
    _next_boot(raw, "", " crashkernel=384M-:128M")
    raw["directories"]["/var/crash"] = {**OWNED, **DIRECTORY, "names": [], "dumps": {}}
    return raw


def pending() -> Raw:
    """What `enable` leaves behind before the reboot."""
    raw = installed()
    replace(raw, "/etc/default/kexec", "LOAD_KEXEC=true", "LOAD_KEXEC=false")
    write(raw, wanted.GRUB_DROPIN, wanted.grub_text(OURS))
    write(raw, wanted.UMASK_DROPIN, wanted.umask_text())
    write(raw, PANIC_DROPIN, wanted.sysctl_text(PANIC))
    write(raw, SYSRQ_DROPIN, wanted.sysctl_text({"kernel.sysrq": 446}))
    _answer(raw, ["systemctl", "show"], SHOW.format(umask="0077"), 0)
    _next_boot(raw, " crashkernel=384M-:128M", f" crashkernel={OURS}")
    kernel(raw, panic="10", sysrq="446")
    return raw


def ready() -> Raw:
    """After the reboot: the kernel reserved 256 MiB and kdump-tools loaded the capture kernel."""
    raw = pending()
    _reserved(raw, OURS, 256)
    kernel(raw, panic_on_oops="1", panic_on_unrecovered_nmi="1", unknown_nmi_panic="1")
    initrd = f"/var/lib/kdump/initrd.img-{KERNEL}"
    raw["files"][initrd] = {**OWNED, **FILE, "size": 7664113}
    raw["files"]["/var/lib/kdump/initrd.img"] = {
        **OWNED,
        "mode": 0o777,
        "type": 0o120000,
        "link": initrd,
        "exists": True,
    }
    raw["directories"]["/var/crash"]["names"] = ["kdump_lock", "kexec_cmd"]
    return raw


def _answer(raw: Raw, argv: list[str], out: str, rc: int, err: str = "") -> None:
    run = next(run for run in raw["commands"] if run["argv"][: len(argv)] == argv)
    run.update(out=out, rc=rc, err=err)


def _next_boot(raw: Raw, old: str, new: str) -> None:
    """What update-grub makes of it: the recovery entry, which has no `quiet`, is left alone."""
    replace(raw, GRUB_CFG, ENTRY_END + old + "\n", ENTRY_END + new + "\n")


def _reserved(raw: Raw, value: str, mib: int) -> None:
    raw["files"][CMDLINE]["text"] = f"BOOT_IMAGE=/boot/vmlinuz-{KERNEL} ro {ENTRY_END} crashkernel={value}\n"
    kernel(raw, kexec_crash_size=str(mib * 1024 * 1024), kexec_crash_loaded="1")
    replace(raw, "/proc/meminfo", "2012116 kB", f"{2012116 - mib * 1024} kB")


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
    remove(raw, wanted.GRUB_DROPIN)
    remove(raw, "/etc/default/grub.d/kdump-tools.cfg")
    replace(raw, "/etc/default/grub", '"quiet"', '"quiet crashkernel=1G"')
    _next_boot(raw, f" crashkernel={OURS}", " crashkernel=1G")
    replace(raw, "/proc/meminfo", f"{2012116 - 256 * 1024} kB", "2012116 kB")
    _reserved(raw, "1G", 1024)


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
    write(raw, PANIC_DROPIN, wanted.sysctl_text({key: value for key, value in PANIC.items() if key != "kernel.panic"}))
    kernel(raw, panic="-1")


def unprivileged(raw: Raw) -> None:
    """Seen by a user without rights."""
    raw["euid"] = 1000
    unreadable(raw, GRUB_CFG)
    raw["kernel_log"] = {"error": "EPERM"}
    addresses = "00000000-00000000 : System RAM\n"
    write(raw, "/proc/iomem", addresses * 2)


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
    "debian12-ready": (ready, None),
    "debian12-ready-unprivileged": (ready, unprivileged),
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
