"""Machines of the SUSE family, reconstructed: nobody recorded one yet.

Their files are put together from what upstream ships: grub.cfg of 00_header and 10_linux as SUSE's grub2 makes it (with
its `${extra_cmdline}`, for a boot from a snapshot), /etc/default/grub as YaST writes it, sysconfig.kdump of the tags
v1.0.3, v2.0.6 and v2.1.9 of openSUSE/kdump without comments, os-release as the distributions publish it. What only a
running machine has (/proc, /sys) comes from the Debian 12 recordings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from kdump_enabler.facts.boot_loader import GRUB_BLS

from . import bases
from .machines import Raw, kernel, unit, write
from .roots import DIRECTORY, FILE, OF_THE_ROOT, booted

ROOT = "root=UUID=6f614b44-433b-431b-9ca1-4dd2f6f74f6b"
GRUB_CFG, GRUB_ENV, MAIN = "/boot/grub2/grub.cfg", "/boot/grub2/grubenv", "/etc/default/grub"
SYSCONFIG, LOADER = "/etc/sysconfig/kdump", "/etc/sysconfig/bootloader"
MENU = """### BEGIN /etc/grub.d/00_header ###
set btrfs_relative_path="y"
export btrfs_relative_path
if [ -f ${{config_directory}}/grubenv ]; then
  load_env -f ${{config_directory}}/grubenv
elif [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${{next_entry}}" ] ; then
   set default="${{next_entry}}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${{saved_entry}}"
fi
### END /etc/grub.d/00_header ###

### BEGIN /etc/grub.d/10_linux ###
{entries}### END /etc/grub.d/10_linux ###

### BEGIN /etc/grub.d/80_suse_btrfs_snapshot ###
### END /etc/grub.d/80_suse_btrfs_snapshot ###
"""
FIRST = """menuentry '{name}'  --class os $menuentry_id_option 'gnulinux-simple-6f614b44' {{
\tlinux\t/boot/vmlinuz-{version} {root}  ${{extra_cmdline}} {options}
\tinitrd\t/boot/initrd-{version}
}}
"""
OTHERS = """submenu 'Advanced options for {name}' --hotkey=1 $menuentry_id_option 'gnulinux-advanced-6f614b44' {{
{entries}}}
"""
OTHER = """\tmenuentry '{name}, with Linux {version}' --hotkey=2 --class os $menuentry_id_option 'gnulinux-{version}' {{
\t\tlinux\t/boot/vmlinuz-{version} {root}  ${{extra_cmdline}} {options}
\t\tinitrd\t/boot/initrd-{version}
\t}}
"""
DEFAULTS = """GRUB_DISTRIBUTOR=
GRUB_DEFAULT=saved
GRUB_HIDDEN_TIMEOUT=0
GRUB_HIDDEN_TIMEOUT_QUIET=true
GRUB_TIMEOUT=8
GRUB_CMDLINE_LINUX_DEFAULT="{options}"
GRUB_CMDLINE_LINUX=""
GRUB_TERMINAL="gfxterm"
GRUB_GFXMODE="auto"
SUSE_BTRFS_SNAPSHOT_BOOTING="true"
GRUB_DISABLE_OS_PROBER="false"
"""
V1_0 = """KDUMP_KERNELVER=""
KDUMP_CPUS=1
KDUMP_COMMANDLINE=""
KDUMP_COMMANDLINE_APPEND=""
KDUMP_AUTO_RESIZE="no"
KEXEC_OPTIONS=""
KDUMP_IMMEDIATE_REBOOT="yes"
KDUMP_TRANSFER=""
KDUMP_SAVEDIR="file:///var/crash"
KDUMP_KEEP_OLD_DUMPS=5
KDUMP_FREE_DISK_SIZE=64
KDUMP_VERBOSE=3
KDUMP_DUMPLEVEL=31
KDUMP_DUMPFORMAT="compressed"
KDUMP_CONTINUE_ON_ERROR="true"
KDUMP_COPY_KERNEL="yes"
KDUMP_SMTP_USER=""
KDUMP_SMTP_PASSWORD=""
KDUMP_HOST_KEY=""
KDUMP_SSH_IDENTITY=""
"""
V2_0 = """KDUMP_KERNELVER=""
KDUMP_CPUS=32
KDUMP_COMMANDLINE=""
KDUMP_COMMANDLINE_APPEND=""
KDUMP_AUTO_RESIZE="false"
KEXEC_OPTIONS=""
KDUMP_IMMEDIATE_REBOOT="true"
KDUMP_TRANSFER=""
KDUMP_SAVEDIR="/var/crash"
KDUMP_KEEP_OLD_DUMPS=0
KDUMP_FREE_DISK_SIZE=64
KDUMP_VERBOSE=0
KDUMP_DUMPLEVEL=31
KDUMP_DUMPFORMAT="compressed"
KDUMP_CONTINUE_ON_ERROR="true"
KDUMP_SMTP_USER=""
KDUMP_SMTP_PASSWORD=""
KDUMP_HOST_KEY=""
KDUMP_SSH_IDENTITY=""
"""
V2_1 = 'KDUMP_CRASHKERNEL="auto"\nKDUMP_UPDATE_BOOTLOADER="true"\n' + V2_0
# What install_kernel of openSUSE/sdbootutil writes
ENTRY = """# Boot Loader Specification type#1 entry
title      openSUSE Tumbleweed
version    1@{version}
sort-key   opensuse-tumbleweed
options    {options}
linux      /opensuse-tumbleweed/{version}/linux-9f6d3a1
initrd     /opensuse-tumbleweed/{version}/initrd-5c21e07
"""
ESP, TEMPLATE, SUBVOLUME = "/boot/efi", "/etc/kernel/cmdline", "rootflags=subvol=@/.snapshots/1/snapshot"
STOCK = "splash=silent mitigations=auto quiet"
SYSRQ = 184
RESERVATION = "1G-8G:256M,8G-16G:384M,16G-:512M"
MIB = 1 << 20
UNIT = "Result={result}\nUMask=0022\nId={name}\nLoadState={loaded}\nActiveState=inactive\nSubState=dead\n"


@dataclass(frozen=True)
class Release:
    """A release by its os-release, its kernels (the newest first, which runs), its kdump and that one's settings."""

    identity: str
    name: str
    kernels: tuple[str, ...]
    kdump: str
    config: str
    initrd: str = "/var/lib/kdump/initrd"

    @property
    def has_service(self) -> bool:
        """kdump-commandline.service came with its settings."""
        return self.config.startswith("KDUMP_CRASHKERNEL")


def os_release(identifier: str, version: str, name: str, like: str = "suse") -> str:
    """What os-release(5) says; SLES 12 has no ID_LIKE."""
    like = f'ID_LIKE="{like}"\n' if like else ""
    return f'NAME="{name}"\nVERSION_ID="{version}"\nID="{identifier}"\n{like}PRETTY_NAME="{name} {version}"\n'


LEAP15 = Release(
    os_release("opensuse-leap", "15.6", "openSUSE Leap", "suse opensuse"),
    "openSUSE Leap 15.6",
    ("6.4.0-150600.23.47-default", "6.4.0-150600.23.42-default"),
    "2.0.6+git19-150600.3",
    V2_0,
)
LEAP16 = Release(
    os_release("opensuse-leap", "16.0", "openSUSE Leap", "suse opensuse"),
    "openSUSE Leap 16.0",
    ("6.12.0-160000.6-default",),
    "2.1.6-160000.1",
    V2_1,
)
TUMBLEWEED = Release(
    os_release("opensuse-tumbleweed", "20261115", "openSUSE Tumbleweed", "opensuse suse"),
    "openSUSE Tumbleweed",
    ("7.0.3-1-default", "7.0.2-1-default"),
    "2.1.9-1.1",
    V2_1,
)
SLES15 = replace(LEAP15, identity=os_release("sles", "15.6", "SUSE Linux Enterprise Server"), name="SLES 15-SP6")
SLES16 = replace(
    LEAP16,
    identity=os_release("sles", "16.0", "SUSE Linux Enterprise Server", "suse opensuse"),
    name="SUSE Linux Enterprise Server 16.0",
)


def sles15(pack: int) -> Release:
    """A service pack of SLES 15."""
    named = replace(
        SLES15, identity=os_release("sles", f"15.{pack}", "SUSE Linux Enterprise Server"), name=f"SLES 15-SP{pack}"
    )
    if pack > 5:
        return named
    version = f"5.14.21-150{pack}00.55.7-default"
    return replace(named, kernels=(version,), kdump="1.0.2+git50", config=V1_0, initrd=f"/boot/initrd-{version}-kdump")


def stock(release: Release, words: str = "") -> Callable[[], Raw]:
    """A machine without kdump, with these words on each command line, as the installer leaves it."""
    return lambda: _stock(release, words)


def installed(release: Release, words: str = "", unit_state: str = "disabled") -> Callable[[], Raw]:
    """The same with kdump's packages, which no preset enables."""
    return lambda: _installed(release, words, unit_state)


def ready(release: Release, reservation: str = RESERVATION, size: int = 256 * MIB) -> Callable[[], Raw]:
    """The same after `enable` and a reboot."""
    return lambda: _ready(release, reservation, size)


def path_of(version: str, kind: str) -> str:
    """The file of a kernel's entry in the first snapshot; GRUB sorts by the name (entry_conf_file of sdbootutil)."""
    prefix = "system-" if kind == GRUB_BLS else ""
    return f"{ESP}/loader/entries/{prefix}opensuse-tumbleweed-{version}-1.conf"


def by_entries(raw: Raw, kind: str, words: str = "", release: Release = TUMBLEWEED) -> None:
    """The same machine as sdbootutil makes it boot: a new installation of Tumbleweed with UEFI."""
    for path in (GRUB_CFG, GRUB_ENV):
        raw["files"][path] = {"error": "ENOENT"}
    write(raw, LOADER, f'LOADER_TYPE="{kind}"\nSECURE_BOOT="yes"\n')
    options = " ".join(word for word in (ROOT, STOCK, words) if word)
    write(raw, TEMPLATE, options + "\n")
    for version in release.kernels:
        write(raw, path_of(version, kind), ENTRY.format(version=version, options=f"{options} {SUBVOLUME}"))
        del raw["files"][f"/boot/vmlinuz-{version}"]
    image = f"/opensuse-tumbleweed/{release.kernels[0]}/linux-9f6d3a1"
    first = f"BOOT_IMAGE=(hd0,gpt1){image}" if kind == GRUB_BLS else "initrd=\\opensuse-tumbleweed\\initrd-5c21e07"
    write(raw, bases.CMDLINE, f"{first} {options} {SUBVOLUME}\n")
    raw["mounts"][ESP] = {**raw["mounts"]["/"], "source": "/dev/vda1", "type": "vfat", "options": "rw,relatime"}
    write(raw, f"{ESP}/loader/loader.conf", "timeout 8\nconsole-mode keep\n")


def menu(release: Release, options: str) -> str:
    """The grub.cfg with this command line."""
    values = {"name": release.name, "root": ROOT, "options": options}
    below = "".join(OTHER.format(version=version, **values) for version in release.kernels)
    first = FIRST.format(version=release.kernels[0], **values)
    return MENU.format(entries=first + OTHERS.format(entries=below, **values))


def _stock(release: Release, words: str) -> Raw:
    raw = bases.pristine()
    for path in [path for path in raw["files"] if path.startswith(OF_THE_ROOT)]:
        del raw["files"][path]
    booted(raw)
    raw["files"] |= {path: {"error": "ENOENT"} for path in ("/boot/grub/grub.cfg", "/boot/grub/grubenv", SYSCONFIG)}
    options = " ".join(word for word in (STOCK, words) if word)
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        write(raw, path, release.identity)
    write(raw, GRUB_CFG, menu(release, options))
    write(raw, GRUB_ENV, f"# GRUB Environment Block\nsaved_entry={release.name}\n".ljust(1024, "#"))
    for version in release.kernels:
        raw["files"][f"/boot/vmlinuz-{version}"] = dict(FILE)
    write(raw, MAIN, DEFAULTS.format(options=options))
    write(raw, LOADER, 'LOADER_TYPE="grub2-efi"\nSECURE_BOOT="yes"\n')
    write(raw, bases.CMDLINE, f"BOOT_IMAGE=/boot/vmlinuz-{release.kernels[0]} {ROOT} {options}\n")
    write(raw, "/usr/lib/sysctl.d/50-default.conf", f"kernel.sysrq = {SYSRQ}\n")
    kernel(raw, osrelease=release.kernels[0], sysrq=str(SYSRQ))
    raw["mounts"]["/"] |= {"type": "btrfs", "options": "rw,relatime,space_cache=v2,subvol=/@/.snapshots/1/snapshot"}
    _commands(raw, release, "")
    return raw


def _commands(raw: Raw, release: Release, state: str) -> None:
    """What rpm and systemd say; without a state kdump is not installed."""
    versions = {"kdump": release.kdump, "kexec-tools": "2.0.29-1", "makedumpfile": "1.7.6-1"}
    rows = "".join(f"{name}\tinstalled\t{version}\n" for name, version in versions.items() if state)
    there = ["kdump.service", *(["kdump-commandline.service"] if release.has_service else [])] if state else []
    names = ("kdump-tools.service", "kdump-tools-dump.service", "kdump.service", "kdump-commandline.service")
    blocks = [
        UNIT.format(name=name, result="success", loaded="loaded" if name in there else "not-found")
        + f"UnitFileState={state if name in there else ''}\n"
        for name in names
    ]
    raw["commands"] = [
        {"argv": ["dpkg-query", "-W"], "rc": None, "error": "ENOENT"},
        {"argv": ["rpm", "-q"], "rc": 0, "out": rows, "err": ""},
        {"argv": ["systemctl", "show"], "rc": 0, "out": "\n".join(blocks), "err": ""},
        {"argv": ["sh", "-n", MAIN], "rc": 0, "out": "", "err": ""},
    ]


def install(raw: Raw, release: Release, unit_state: str = "disabled") -> None:
    """What zypper brings."""
    _commands(raw, release, unit_state)
    write(raw, SYSCONFIG, release.config)
    raw["files"][SYSCONFIG]["mode"] = 0o600
    raw["directories"]["/var/crash"] = {**DIRECTORY, "names": [], "dumps": {}, "real": "/var/crash"}


def _installed(release: Release, words: str, unit_state: str) -> Raw:
    raw = _stock(release, words)
    install(raw, release, unit_state)
    return raw


def _ready(release: Release, reservation: str, size: int) -> Raw:
    raw = _installed(release, f"crashkernel={reservation}", "enabled")
    done = bases.ready()
    for path in ("/proc/iomem", "/proc/meminfo", bases.PANIC_DROPIN):
        raw["files"][path] = done["files"][path]
    kernel(raw, kexec_crash_size=str(size), kexec_crash_loaded="1", panic="10", panic_on_oops="1")
    kernel(raw, panic_on_unrecovered_nmi="1", unknown_nmi_panic="1")
    unit(raw, "kdump.service", ActiveState="active", SubState="exited")
    raw["files"][release.initrd] = dict(FILE)
    if release.has_service:
        pinned = f'KDUMP_CRASHKERNEL="crashkernel={reservation}"\nKDUMP_UPDATE_BOOTLOADER="false"\n'
        write(raw, SYSCONFIG, pinned + V2_0)
    return raw
