"""Machines of the Red Hat family, reconstructed: nobody recorded one yet.

Their files are put together from what upstream ships: grub.cfg of 00_header, 08_fallback_counting and 10_linux of
rhboot/grub2 with GRUB_ENABLE_BLSCFG=true, entries as in spec/support of kdump-utils, kdump.conf and sysconfig/kdump as
gen-kdump-conf.sh and gen-kdump-sysconfig.sh of kdump-utils write them without comments, os-release as the distributions
publish it. What only a running machine has (/proc, /sys) comes from the Debian 12 recordings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from . import bases
from .machines import Raw, kernel, remove, unit, write
from .roots import DIRECTORY, FILE, OF_THE_ROOT, booted

ID = "e986846f63134c7295458cf36300ba5b"
ROOT = "root=UUID=45fdf703-3966-401b-b8f7-cf056affd2b0 ro"
GRUB_CFG, GRUB_ENV, TEMPLATE = "/boot/grub2/grub.cfg", "/boot/grub2/grubenv", "/etc/kernel/cmdline"
KDUMP_CONF, SYSCONFIG, MAIN = "/etc/kdump.conf", "/etc/sysconfig/kdump", "/etc/default/grub"
MENU = """### BEGIN /etc/grub.d/00_header ###
set pager=1
if [ -f ${config_directory}/grubenv ]; then
  load_env -f ${config_directory}/grubenv
elif [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${saved_entry}"
fi
### END /etc/grub.d/00_header ###

### BEGIN /etc/grub.d/08_fallback_counting ###
insmod increment
if [ -n "${boot_counter}" -a "${boot_success}" = "0" ]; then
  if  [ "${boot_counter}" = "0" -o "${boot_counter}" = "-1" ]; then
    set default=1
    set boot_counter=-1
  else
    decrement boot_counter
  fi
  save_env boot_counter
fi
### END /etc/grub.d/08_fallback_counting ###

### BEGIN /etc/grub.d/10_linux ###
insmod part_gpt
insmod xfs
insmod blscfg
blscfg
### END /etc/grub.d/10_linux ###
"""
# 10_linux of the grub2 of EL 8
FALLBACK = """if [ -z "${{kernelopts}}" ]; then
  set kernelopts="{0} "
fi

"""
DEFAULTS = """GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="$(sed 's, release .*$,,g' /etc/system-release)"
GRUB_DEFAULT=saved
GRUB_DISABLE_SUBMENU=true
GRUB_TERMINAL_OUTPUT="console"
GRUB_CMDLINE_LINUX="{options}"
GRUB_DISABLE_RECOVERY="true"
GRUB_ENABLE_BLSCFG=true
"""
CONF = "auto_reset_crashkernel yes\npath /var/crash\ncore_collector makedumpfile -l --message-level 7 -d 31\n"
OF_KERNEL = """KDUMP_KERNELVER=""
KDUMP_COMMANDLINE=""
KDUMP_COMMANDLINE_REMOVE="hugepages hugepagesz slub_debug quiet log_buf_len swiotlb hugetlb_cma cma"
KDUMP_COMMANDLINE_APPEND="irqpoll nr_cpus=1 reset_devices cgroup_disable=memory mce=off numa=off panic=10 nokaslr"
KEXEC_ARGS="-s"
KDUMP_IMG="vmlinuz"
"""
UNITS = (
    "Result=success\nUMask=0022\nId=kdump-tools.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n"
    "UnitFileState=\n\n"
    "Result=success\nUMask=0022\nId=kdump-tools-dump.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n"
    "UnitFileState=\n\n"
    "Result=success\nUMask=0022\nId=kdump.service\nLoadState={loaded}\nActiveState=inactive\nSubState=dead\n"
    "UnitFileState={state}\n"
)
SYSRQ = 24  # systemd's own 16, and the crash key


@dataclass(frozen=True)
class Release:
    """A release by its os-release, its kernels (the newest first, which runs), and its packages with versions;
    `kernelopts` is where the options of its entries stand in the environment block."""

    identity: str
    kernels: tuple[str, ...]
    packages: tuple[str, ...]
    crashkernel: str
    kernelopts: bool = False


def os_release(identifier: str, version: str, like: str = "", name: str = "") -> str:
    """What os-release(5) says; Fedora has no ID_LIKE."""
    like = f'ID_LIKE="{like}"\n' if like else ""
    name = name or identifier
    return f'NAME="{name}"\nVERSION_ID="{version}"\nID="{identifier}"\n{like}PRETTY_NAME="{name} {version}"\n'


EL9 = Release(
    os_release("rhel", "9.6", "fedora", "Red Hat Enterprise Linux"),
    ("5.14.0-570.17.1.el9_6.x86_64", "5.14.0-570.12.1.el9_6.x86_64"),
    ("kexec-tools\tinstalled\t2.0.29-5.el9_6",),
    "1G-4G:192M,4G-64G:256M,64G-:512M",
)
EL10 = Release(
    os_release("rhel", "10.0", "centos fedora", "Red Hat Enterprise Linux"),
    ("6.12.0-55.18.2.el10_0.x86_64", "6.12.0-55.9.1.el10_0.x86_64"),
    (
        "kdump-utils\tinstalled\t1.0.54-7.el10_0",
        "kexec-tools\tinstalled\t2.0.30-8.el10",
        "makedumpfile\tinstalled\t1.7.6-1.el10",
    ),
    "2G-64G:256M,64G-:512M",
)
# crashkernel=auto is what its installer writes.
EL8 = replace(
    EL9,
    identity=os_release("rhel", "8.10", "fedora", "Red Hat Enterprise Linux"),
    kernels=("4.18.0-553.16.1.el8_10.x86_64", "4.18.0-553.el8_10.x86_64"),
    packages=("kexec-tools\tinstalled\t2.0.26-14.el8_10",),
    crashkernel="auto",
    kernelopts=True,
)
FEDORA = replace(EL10, kernels=("6.19.8-300.fc44.x86_64",), identity=os_release("fedora", "44", name="Fedora Linux"))


def entry(version: str, options: str, name: str = "Red Hat Enterprise Linux") -> str:
    """An entry's file as kernel-install leaves it."""
    return (
        f"title {name} ({version})\nversion {version}\nlinux /vmlinuz-{version}\n"
        f"initrd /initramfs-{version}.img $tuned_initrd\noptions {options} $tuned_params\n"
        "grub_users $grub_users\ngrub_arg --unrestricted\ngrub_class kernel\n"
    )


def path_of(version: str) -> str:
    """The file of a kernel's entry."""
    return f"/boot/loader/entries/{ID}-{version}.conf"


def block(raw: Raw, variables: str, path: str = GRUB_ENV) -> None:
    """GRUB's environment block with these lines."""
    write(raw, path, f"# GRUB Environment Block\n{variables}".ljust(1024, "#"))


def stock(release: Release = FEDORA, words: str = "") -> Callable[[], Raw]:
    """A machine without kdump, with these words on each command line, as the installer leaves it."""
    return lambda: _stock(release, words)


def installed(release: Release = EL9, words: str = "", unit_state: str = "enabled") -> Callable[[], Raw]:
    """The same with kdump's packages, which RHEL's presets enable; nothing was loaded yet."""
    return lambda: _installed(release, words, unit_state)


def ready(release: Release = EL9, size: int = 192 << 20, reservation: str = "") -> Callable[[], Raw]:
    """The same after `enable` and a reboot, or as the installer left it but for the panic policy."""
    return lambda: _ready(release, size, reservation or release.crashkernel)


def _stock(release: Release, words: str) -> Raw:
    raw = bases.pristine()
    for path in [path for path in raw["files"] if path.startswith(OF_THE_ROOT)]:
        del raw["files"][path]
    booted(raw)
    raw["files"] |= {path: {"error": "ENOENT"} for path in ("/boot/grub/grub.cfg", "/boot/grub/grubenv", TEMPLATE)}
    options = " ".join(word for word in (ROOT, words, "rhgb quiet") if word)
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        write(raw, path, release.identity)
    by_env = f"kernelopts={options} \nboot_success=0\n" if release.kernelopts else ""
    fallback = FALLBACK.format(options) if by_env else ""
    write(raw, GRUB_CFG, MENU.replace("insmod blscfg\n", f"{fallback}insmod blscfg\n"))
    block(raw, f"saved_entry={ID}-{release.kernels[0]}\n{by_env}")
    for version in release.kernels:
        write(raw, path_of(version), entry(version, "$kernelopts" if by_env else options))
        raw["files"][f"/boot/vmlinuz-{version}"] = dict(FILE)
    if not by_env:
        write(raw, TEMPLATE, options + "\n")
    write(raw, MAIN, DEFAULTS.format(options=options.removeprefix(ROOT).strip()))
    write(raw, bases.CMDLINE, f"BOOT_IMAGE=(hd0,gpt2)/vmlinuz-{release.kernels[0]} {options}\n")
    write(raw, "/usr/lib/sysctl.d/50-default.conf", "kernel.sysrq = 16\n")
    kernel(raw, osrelease=release.kernels[0], sysrq="16")
    raw["mounts"]["/boot"] = {**raw["mounts"]["/"], "source": "/dev/vda2", "type": "xfs", "options": "rw,relatime"}
    _commands(raw, (), "not-found", "")
    return raw


def _commands(raw: Raw, packages: tuple[str, ...], loaded: str, state: str) -> None:
    raw["commands"] = [
        {"argv": ["dpkg-query", "-W"], "rc": None, "error": "ENOENT"},
        {"argv": ["rpm", "-q"], "rc": 0, "out": "".join(f"{line}\n" for line in packages), "err": ""},
        {"argv": ["systemctl", "show"], "rc": 0, "out": UNITS.format(loaded=loaded, state=state), "err": ""},
        {"argv": ["sh", "-n", MAIN], "rc": 0, "out": "", "err": ""},
    ]


def install(raw: Raw, release: Release, unit_state: str) -> None:
    """What dnf brings: the packages' own files, and the unit as the presets have it."""
    _commands(raw, release.packages, "loaded", unit_state)
    write(raw, KDUMP_CONF, CONF.partition("\n")[2] if release.kernelopts else CONF)  # the first keyword came with EL 9
    write(raw, SYSCONFIG, OF_KERNEL)
    raw["directories"]["/var/crash"] = {**DIRECTORY, "names": [], "dumps": {}, "real": "/var/crash"}


def _installed(release: Release, words: str, unit_state: str) -> Raw:
    raw = _stock(release, words)
    install(raw, release, unit_state)
    return raw


def _ready(release: Release, size: int, reservation: str) -> Raw:
    raw = _installed(release, f"crashkernel={reservation}", "enabled")
    done = bases.ready()
    for path in ("/proc/iomem", "/proc/meminfo", bases.PANIC_DROPIN):
        raw["files"][path] = done["files"][path]
    write(raw, bases.SYSRQ_DROPIN, done["files"][bases.SYSRQ_DROPIN]["text"].replace("446", str(SYSRQ)))
    kernel(raw, kexec_crash_size=str(size), kexec_crash_loaded="1", panic="10", panic_on_oops="1", sysrq=str(SYSRQ))
    kernel(raw, panic_on_unrecovered_nmi="1", unknown_nmi_panic="1")
    unit(raw, "kdump.service", ActiveState="active", SubState="exited")
    raw["files"][f"/boot/initramfs-{release.kernels[0]}kdump.img"] = dict(FILE)
    return raw


def not_there(raw: Raw, *paths: str) -> None:
    """Files that are gone."""
    for path in paths:
        remove(raw, path)
