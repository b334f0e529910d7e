"""Machines of Arch Linux and what is built on it, reconstructed: nobody recorded one yet.

os-release, /etc/default/grub and the names below /boot are those of the packages filesystem, grub and mkinitcpio; the
menu is what 10_linux of GRUB makes of them. The units are what the product writes. What only a running machine has (in
/proc, /sys) comes from the Debian 12 recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kdump_enabler.changing import own_units

from . import bases
from .machines import HERE, Raw, kernel, unit, write
from .roots import DIRECTORY, FILE, OF_THE_ROOT, booted

MIB = 1024 * 1024
RELEASE, VERSION = "6.17.8-arch1-1", "#1 SMP PREEMPT_DYNAMIC Fri, 14 Nov 2025 06:54:20 +0000"
BUILD = f"{RELEASE} (linux@archlinux) {VERSION}"
NEXT_BUILD = "6.17.9-arch1-1 (linux@archlinux) #1 SMP PREEMPT_DYNAMIC Mon, 24 Nov 2025 15:21:09 +0000"
ROOT = "root=UUID=0a3407de-014b-458b-b5c1-848e92a327a3 rw"
WORDS = "loglevel=3 quiet"
IMAGE, INITRD = "/boot/vmlinuz-linux", "/boot/initramfs-linux.img"
KEPT = f"/var/lib/kdump-enabler/capture/{RELEASE}"
SYSRQ = 24  # systemd's own 16, and the crash key
PACKAGES = "kexec-tools 1:2.0.32-1\nmakedumpfile 1.7.9-1\n"
ENTRY = """{start}menuentry '{title}' --class arch --class gnu-linux --class os $menuentry_id_option '{id}' {{
	load_video
	set gfxpayload=keep
	insmod gzio
	insmod part_gpt
	insmod ext2
	search --no-floppy --fs-uuid --set=root 0a3407de-014b-458b-b5c1-848e92a327a3
	echo	'Loading Linux linux ...'
	linux	/boot/vmlinuz-linux {root}  {words}
	echo	'Loading initial ramdisk ...'
	initrd	/boot/{initrd}
}}
"""
HEAD = """### BEGIN /etc/grub.d/00_header ###
insmod part_gpt
if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="0"
fi
### END /etc/grub.d/00_header ###

### BEGIN /etc/grub.d/10_linux ###
"""
DEFAULTS = f"""GRUB_DEFAULT=0
GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="Arch"
GRUB_CMDLINE_LINUX_DEFAULT="{WORDS}"
GRUB_CMDLINE_LINUX=""
GRUB_PRELOAD_MODULES="part_gpt part_msdos"
GRUB_TIMEOUT_STYLE=menu
GRUB_TERMINAL_INPUT=console
GRUB_GFXMODE=auto
GRUB_GFXPAYLOAD_LINUX=keep
GRUB_DISABLE_RECOVERY=true
"""
STATE = (
    "Result=success\nUMask={umask}\nId={name}\nLoadState={loaded}\nActiveState={active}\nSubState={sub}\n"
    "UnitFileState={state}\n"
)
OURS = ("kdump-enabler-load.service", "kdump-enabler-save.service")
OTHERS = ("kdump-tools.service", "kdump-tools-dump.service", "kdump.service", "kdump-enabler-late-arming.service")


def stock(identity: str = "arch", words: str = "") -> Callable[[], Raw]:
    """A machine as the installation guide leaves it, with these words on its command line."""
    return lambda: _stock(identity, words)


def ready(size: int = 256 * MIB) -> Callable[[], Raw]:
    """The same after `enable` and a reboot."""
    return lambda: _ready(size)


def _stock(identity: str, words: str) -> Raw:
    raw = bases.pristine()
    for path in [path for path in raw["files"] if path.startswith(OF_THE_ROOT)]:
        del raw["files"][path]
    booted(raw)
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        write(raw, path, Path(HERE, "os-release", identity).read_text(encoding="utf-8"))
    write(raw, bases.GRUB_CFG, menu(f"{words} {WORDS}"))
    write(raw, "/etc/default/grub", DEFAULTS.replace('LINUX=""', f'LINUX="{words}"'))
    write(raw, bases.CMDLINE, f"BOOT_IMAGE={IMAGE} {ROOT} {words} {WORDS}\n")
    write(raw, "/usr/lib/sysctl.d/50-default.conf", "kernel.sysrq = 16\n")
    kernel(raw, osrelease=RELEASE, version=VERSION, sysrq="16")
    built(raw, IMAGE, BUILD)
    raw["files"][INITRD] = {**FILE, "size": 18 * MIB, "mode": 0o600}
    raw["files"]["/boot/initramfs-linux-fallback.img"] = {**FILE, "size": 150 * MIB, "mode": 0o600}
    raw["files"][f"/lib/modules/{RELEASE}/modules.dep"] = dict(FILE)
    commands(raw, "", {})
    return raw


def menu(words: str) -> str:
    """grub.cfg with these words after the root."""
    entries = (
        ("", "Arch Linux", "gnulinux-simple", "initramfs-linux.img"),
        ("\t", "Arch Linux, with Linux linux", "gnulinux-linux-advanced", "initramfs-linux.img"),
        (
            "\t",
            "Arch Linux, with Linux linux (fallback initramfs)",
            "gnulinux-linux-fallback",
            "initramfs-linux-fallback.img",
        ),
    )
    made = [
        ENTRY.format(start=start, title=title, id=name, root=ROOT, words=words, initrd=initrd)
        for start, title, name, initrd in entries
    ]
    submenu = "submenu 'Advanced options for Arch Linux' $menuentry_id_option 'gnulinux-advanced' {\n"
    return f"{HEAD}{made[0]}{submenu}{made[1]}{made[2]}}}\n### END /etc/grub.d/10_linux ###\n"


def built(raw: Raw, path: str, build: str) -> None:
    """A kernel's image, as far as it was read."""
    raw["files"][path] = {**FILE, "size": 15 * MIB, "text": build}


def commands(raw: Raw, packages: str, units: Mapping[str, tuple[str, str]]) -> None:
    """What the package manager and systemd say; units as active and sub state, which others have not."""
    missing = "".join(
        f"error: package '{name}' was not found\n" for name in ("kexec-tools", "makedumpfile") if name not in packages
    )
    raw["commands"] = [
        {"argv": ["dpkg-query", "-W"], "rc": None, "error": "ENOENT"},
        {"argv": ["rpm", "-q"], "rc": None, "error": "ENOENT"},
        {"argv": ["pacman", "-Q"], "rc": 1 if missing else 0, "out": packages, "err": missing},
        {
            "argv": ["systemctl", "show"],
            "rc": 0,
            "out": "\n".join(_state(name, units) for name in OTHERS + OURS),
            "err": "",
        },
        {"argv": ["sh", "-n", "/etc/default/grub"], "rc": 0, "out": "", "err": ""},
    ]


def install(raw: Raw) -> None:
    """Both packages alone, by whichever package manager the machine has."""
    for run in raw["commands"]:
        if run["argv"][0] == "pacman":
            run.update(rc=0, out=PACKAGES, err="")
        elif run["argv"][0] == "dpkg-query" and run["rc"] is not None:
            lines = (line.split(" ") for line in PACKAGES.splitlines())
            run["out"] = "".join(f"{name}\tinstalled\t{version}\n" for name, version in lines)


def _state(name: str, units: Mapping[str, tuple[str, str]]) -> str:
    loaded, state = ("loaded", "static") if name in units else ("not-found", "")
    active, sub = units.get(name, ("inactive", "dead"))
    umask = "0077" if name == OURS[1] and name in units else "0022"
    return STATE.format(name=name, umask=umask, loaded=loaded, state=state, active=active, sub=sub)


def installed(raw: Raw) -> None:
    """`pacman -S kexec-tools makedumpfile`, and our units, of which one has run."""
    commands(raw, PACKAGES, {OURS[0]: ("active", "exited"), OURS[1]: ("inactive", "dead")})


def with_units(raw: Raw, directory: str = "/var/crash", devices: str = "") -> None:
    """Our units as `enable` writes them."""
    for path, text in own_units.texts(directory, devices).items():
        write(raw, path, text)


def kept(raw: Raw) -> None:
    """What the unit keeps of the kernel that runs."""
    built(raw, f"{KEPT}/vmlinuz", BUILD)
    raw["files"][f"{KEPT}/initrd"] = {**FILE, "size": 18 * MIB}


def _ready(size: int) -> Raw:
    reservation = "1G-8G:256M,8G-16G:384M,16G-:512M"
    raw = _stock("arch", f"crashkernel={reservation}")
    done = bases.ready()
    for path in ("/proc/iomem", "/proc/meminfo", bases.PANIC_DROPIN):
        raw["files"][path] = done["files"][path]
    write(raw, bases.SYSRQ_DROPIN, done["files"][bases.SYSRQ_DROPIN]["text"].replace("446", str(SYSRQ)))
    kernel(raw, kexec_crash_size=str(size), kexec_crash_loaded="1", panic="10", panic_on_oops="1", sysrq=str(SYSRQ))
    kernel(raw, panic_on_unrecovered_nmi="1", unknown_nmi_panic="1")
    installed(raw)
    with_units(raw)
    kept(raw)
    raw["directories"]["/var/crash"] = {**DIRECTORY, "mode": 0o700, "names": [], "dumps": {}, "real": "/var/crash"}
    return raw


def upgraded(raw: Raw) -> None:
    """`pacman -Syu` since the boot: another kernel has the same name, and the modules of the one that runs are gone."""
    built(raw, IMAGE, NEXT_BUILD)
    del raw["files"][f"/lib/modules/{RELEASE}/modules.dep"]
    raw["files"]["/lib/modules/6.17.9-arch1-1/modules.dep"] = dict(FILE)


def not_kept(raw: Raw) -> None:
    """No copy of the kernel that runs, so that the unit loaded nothing when it was started again."""
    for name in ("vmlinuz", "initrd"):
        raw["files"].pop(f"{KEPT}/{name}", None)
    kernel(raw, kexec_crash_loaded="0")

    unit(raw, OURS[0], ActiveState="failed", SubState="failed", Result="exit-code")
