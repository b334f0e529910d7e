"""One clean machine for each platform, and those where a platform differs in more than its name.

Debian 11, 13 and testing have the files of real roots. The others are such a machine, or the Debian 12 recording, with
the identity that the distribution publishes and what is known to differ there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..bases import (
    CMDLINE,
    CONFIG,
    DIRECTORY,
    FILE,
    GRUB_CFG,
    OWNED,
    SYSRQ_DROPIN,
    UMASK_DROPIN,
    Change,
    answer,
    nothing_loaded,
    pristine,
    ready,
)
from ..machines import HERE, Raw, kernel, remove, replace, unit, write
from ..roots import arm64, booted, machine, os_release, running, there

UBUNTU = """PRETTY_NAME="Ubuntu {version}"
NAME="Ubuntu"
VERSION_ID="{version}"
VERSION_CODENAME={codename}
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME={codename}
"""
LARGE = "2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M"


def debian11(state: str) -> Callable[[], Raw]:
    """Its kernel 5.10 has no /proc/sys/kernel/arch yet, and its kexec-tools still brings an init script."""

    def made() -> Raw:
        raw = machine("debian11", state)
        remove(raw, "/proc/sys/kernel/arch")
        if state != "stock":
            there(raw, "/etc/init.d/kexec-load")
        return raw

    return made


def debian11_arm64() -> Raw:
    """The same on arm64: the architecture is the probe's own word."""
    raw = debian11("stock")()
    arm64(raw)
    remove(raw, "/proc/sys/kernel/arch")
    return raw


def debian(name: str, state: str = "stock") -> Callable[[], Raw]:
    """A machine with a real root."""
    return lambda: machine(name, state)


def debian12() -> Raw:
    """The Debian 12 recording, before anything was done to it."""
    raw = pristine()
    booted(raw)
    return raw


def debian12_ready() -> Raw:
    """The Debian 12 recording that `enable` left behind."""
    raw = ready()
    booted(raw)
    there(raw, "/etc/init.d/kexec-load")
    return raw


def settings_in_sysctl_conf(raw: Raw) -> None:
    """A file that Debian 13 does not read at boot any more (systemd took the link 99-sysctl.conf away)."""
    lines = ("panic = 10", "panic_on_oops = 1", "panic_on_unrecovered_nmi = 1", "unknown_nmi_panic = 1")
    write(raw, "/etc/sysctl.conf", "".join(f"kernel.{line}\n" for line in lines))


def upgraded(raw: Raw) -> None:
    """What an upgrade from Debian 12 leaves behind and nothing reads any more."""
    write(raw, "/etc/sysctl.conf", "kernel.panic = 0\nkernel.panic_on_oops = 0\n")
    write(raw, "/etc/default/kexec.d/site", "LOAD_KEXEC=true\n")


def ubuntu(version: str, codename: str, version_of_kernel: str) -> Callable[[], Raw]:
    """Ubuntu's own: SysRq 176, its kernel's name, and an initramfs made by dracut from 25.10 on."""

    def made() -> Raw:
        raw = debian12()
        os_release(raw, UBUNTU.format(version=version, codename=codename))
        write(raw, "/etc/sysctl.d/10-magic-sysrq.conf", "kernel.sysrq = 176\n")
        kernel(raw, sysrq="176")
        running(raw, version_of_kernel)
        replace(raw, GRUB_CFG, "Debian GNU/Linux", "Ubuntu")
        if version >= "25.10":
            answer(raw, ["dpkg-query"], "", 1)
        return raw

    return made


focal = ubuntu("20.04", "focal", "5.4.0-216-generic")
jammy = ubuntu("22.04", "jammy", "5.15.0-69-generic")
noble = ubuntu("24.04", "noble", "6.8.0-31-generic")
oracular = ubuntu("24.10", "oracular", "6.11.0-8-generic")
plucky = ubuntu("25.04", "plucky", "6.14.0-15-generic")
questing = ubuntu("25.10", "questing", "6.17.0-5-generic")
resolute = ubuntu("26.04", "resolute", "7.0.0-30-generic")


def called(name: str) -> Change:
    """A derivative: the same machine under another name, `os-release/<name>` as it publishes it."""
    return lambda raw: os_release(raw, Path(HERE, "os-release", name).read_text(encoding="utf-8"))


def devuan(raw: Raw) -> None:
    """Devuan 5, with its usual init."""
    called("devuan5")(raw)
    sysvinit(raw)


def sysvinit(raw: Raw) -> None:
    """Debian booted by another init: systemctl may be there and answers nothing."""
    remove(raw, "/run/systemd/system")
    words = "System has not been booted with systemd as init system (PID 1). Can't operate.\n"
    answer(raw, ["systemctl", "show"], "", 1, words)


def noble_ready() -> Raw:
    """Ubuntu 24.04 after `enable`, beside apport."""
    raw = debian12_ready()
    identity = noble()
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        raw["files"][path] = identity["files"][path]
    write(raw, "/etc/sysctl.d/10-magic-sysrq.conf", "kernel.sysrq = 176\n")
    replace(raw, SYSRQ_DROPIN, "446", "184")
    kernel(raw, sysrq="184")
    running(raw, "6.8.0-31-generic")
    apport(raw)
    return raw


def apport(raw: Raw) -> None:
    """apport's own mode of /var/crash, one of its reports, and a private dump."""
    stamp = "202611201130"
    crash = raw["directories"]["/var/crash"]
    crash.update(mode=0o3777, gid=110)
    crash["names"] = sorted([*crash["names"], stamp, "linux-image-6.8.0-31-generic-202611201131.crash"])
    files = {f"{kind}.{stamp}": {**OWNED, **FILE, "mode": 0o600} for kind in ("dmesg", "dump")}
    crash["dumps"][stamp] = {**OWNED, **DIRECTORY, "mode": 0o2700, "gid": 110, "names": sorted(files), "files": files}


def dumps_open(raw: Raw) -> None:
    """Without our drop-in a dump would be open to all; the directory's mode stays apport's."""
    remove(raw, UMASK_DROPIN)
    answer_umask = next(run for run in raw["commands"] if run["argv"][:2] == ["systemctl", "show"])
    answer_umask["out"] = answer_umask["out"].replace("UMask=0077", "UMask=0022")


def set_up_by_the_installer(raw: Raw) -> None:
    """Ubuntu 26.04's installer set kdump up beside dracut: memory is reserved, no mkinitramfs made a capture initrd."""
    armed = ready()
    raw["directories"]["/var/crash"] = armed["directories"]["/var/crash"]
    packages = "kdump-tools\tinstalled\t1:1.10.7ubuntu3\nkexec-tools\tinstalled\t1:2.0.32-3ubuntu1\n"
    raw["commands"][:2] = armed["commands"][:2]
    answer(raw, ["dpkg-query"], packages + "makedumpfile\tinstalled\t1:1.7.8-1\n", 1)
    dumps_open(raw)
    unit(raw, ActiveState="active", SubState="exited", UnitFileState="enabled")
    write(raw, CONFIG, "USE_KDUMP=1\n")
    drop_in = f'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel={LARGE}"\n'
    write(raw, "/etc/default/grub.d/kdump-tools.cfg", drop_in)
    replace(raw, GRUB_CFG, "norandmaps quiet\n", f"norandmaps quiet crashkernel={LARGE}\n")
    replace(raw, CMDLINE, "norandmaps quiet", f"norandmaps quiet crashkernel={LARGE}")
    kernel(raw, kexec_crash_size=str(320 << 20))
    nothing_loaded(raw)


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian11-pristine": (debian11("stock"), None),
    "debian11-installed": (debian11("installed"), None),
    "debian11-arm64": (debian11_arm64, None),
    "debian12-arm64": (debian12, arm64),
    "debian12-sysvinit": (debian12, sysvinit),
    "debian13-pristine": (debian("debian13"), None),
    "debian13-installed": (debian("debian13", "installed"), None),
    "debian13-upgraded-ready": (debian("debian13", "enabled"), upgraded),
    "debian13-sysctl-conf": (debian("debian13"), settings_in_sysctl_conf),
    "debian13-odd-quotes": (debian("debian13"), called("odd-quotes")),
    "debian13-arm64": (debian("debian13"), arm64),
    "debian-testing-pristine": (debian("debian-testing"), None),
    "debian-testing-installed": (debian("debian-testing", "installed"), None),
    "debian-testing-arm64": (debian("debian-testing"), arm64),
    "kali": (debian("debian-testing"), called("kali")),
    "parrot": (debian12, called("parrot")),
    "devuan5": (debian12, devuan),
    "lmde6": (debian12, called("lmde6")),
    "lmde7": (debian("debian13"), called("lmde7")),
    "ubuntu2004-pristine": (focal, None),
    "ubuntu2204-pristine": (jammy, None),
    "ubuntu2404-pristine": (noble, None),
    "ubuntu2404-ready": (noble_ready, None),
    "ubuntu2404-dumps-open": (noble_ready, dumps_open),
    "ubuntu2410-pristine": (oracular, None),
    "ubuntu2504-pristine": (plucky, None),
    "ubuntu2510-pristine": (questing, None),
    "ubuntu2510-arm64": (questing, arm64),
    "ubuntu2604-pristine": (resolute, None),
    "ubuntu2604-arm64": (resolute, arm64),
    "ubuntu2604-dracut": (resolute, set_up_by_the_installer),
    "mint20": (focal, called("mint20")),
    "mint21": (jammy, called("mint21")),
    "mint22": (noble, called("mint22")),
    "pop2204-grub": (jammy, called("pop2204")),
    "zorin17": (jammy, called("zorin17")),
}
