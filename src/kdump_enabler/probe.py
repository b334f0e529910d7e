"""Looks at one machine and prints what it saw as JSON. It changes nothing.

This file runs on the managed host, piped to its Python as text, so it keeps to the standard library and to
Python 3.6 syntax and imports nothing of ours. It collects and never judges: everything it prints is raw text with
its mode and owner, so that a decision can be replayed from the JSON alone.

Output: {"schema": 1, "root", "live", "euid", "collected_at" (seconds since the epoch), "files": {path: record},
"directories": {path: record}, "mounts": {mount point: record}, "commands": [record], "kernel_log": record}.
A record holds the value, or "error" with the name of the errno: absent (ENOENT) and unreadable (EACCES) differ.
"""

import errno
import glob
import hashlib
import json
import os
import re
import stat
import struct
import subprocess
import sys
import time

MYPY = False  # what is only for mypy, which takes it for true, costs a fleet's hosts 2 ms each
if MYPY:
    from typing import Any, BinaryIO, Callable, Dict, Iterable, Iterator, List, Sequence, Tuple

    Record = Dict[str, Any]

SCHEMA = 1
FILE_CAP = 512 * 1024  # bytes kept of one file: /proc/iomem and grub.cfg of big machines stay below
OUTPUT_CAP = 64 * 1024  # bytes kept of one command's output
COMMAND_SECONDS = 5
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # where commands are looked for
MOST_LINKS = 40  # links followed on one path, as in the kernel

TEXT_GLOBS = (
    "/etc/hostname",
    "/etc/os-release",
    "/usr/lib/os-release",
    "/proc/cmdline",
    "/proc/iomem",
    "/proc/meminfo",
    "/proc/xen/capabilities",
    "/sys/hypervisor/guest_type",
    "/sys/hypervisor/type",
    "/proc/mounts",
    "/proc/sys/kernel/arch",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/random/boot_id",
    "/proc/sys/kernel/version",
    # data/sysctls.yml
    "/proc/sys/kernel/panic",
    "/proc/sys/kernel/panic_on_oops",
    "/proc/sys/kernel/oops_limit",
    "/proc/sys/kernel/warn_limit",
    "/proc/sys/kernel/panic_on_warn",
    "/proc/sys/kernel/panic_on_rcu_stall",
    "/proc/sys/kernel/max_rcu_stall_to_panic",
    "/proc/sys/kernel/panic_on_stackoverflow",
    "/proc/sys/kernel/unknown_nmi_panic",
    "/proc/sys/kernel/panic_on_unrecovered_nmi",
    "/proc/sys/kernel/panic_on_io_nmi",
    "/proc/sys/kernel/softlockup_panic",
    "/proc/sys/kernel/hardlockup_panic",
    "/proc/sys/kernel/softlockup_all_cpu_backtrace",
    "/proc/sys/kernel/hardlockup_all_cpu_backtrace",
    "/proc/sys/kernel/oops_all_cpu_backtrace",
    "/proc/sys/kernel/hung_task_all_cpu_backtrace",
    "/proc/sys/kernel/watchdog",
    "/proc/sys/kernel/nmi_watchdog",
    "/proc/sys/kernel/soft_watchdog",
    "/proc/sys/kernel/watchdog_thresh",
    "/proc/sys/kernel/hung_task_panic",
    "/proc/sys/kernel/hung_task_timeout_secs",
    "/proc/sys/kernel/hung_task_warnings",
    "/proc/sys/kernel/hung_task_check_count",
    "/proc/sys/kernel/hung_task_check_interval_secs",
    "/proc/sys/vm/panic_on_oom",
    "/proc/sys/kernel/sysrq",
    "/proc/sys/kernel/printk",
    "/proc/sys/kernel/panic_print",
    "/proc/sys/kernel/panic_sys_info",
    "/proc/sys/kernel/hung_task_sys_info",
    "/proc/sys/kernel/softlockup_sys_info",
    "/proc/sys/kernel/hardlockup_sys_info",
    "/proc/sys/kernel/kernel_sys_info",
    "/proc/sys/kernel/kexec_load_disabled",
    "/proc/sys/kernel/kexec_load_limit_panic",
    "/proc/sys/kernel/kexec_load_limit_reboot",
    "/run/systemd/container",
    "/sys/devices/system/memory/block_size_bytes",
    "/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
    "/sys/firmware/efi/efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
    "/sys/firmware/efi/efivars/LoaderEntryLastBooted-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
    "/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
    "/sys/kernel/kexec_crash_loaded",
    "/sys/kernel/kexec_crash_size",
    "/sys/kernel/kexec_loaded",
    "/sys/kernel/notes",
    "/sys/kernel/security/lockdown",
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "/sys/block/dm-*/dm/name",
    "/sys/block/dm-*/dm/uuid",
    "/etc/crypttab",
    "/etc/fstab",
    "/boot/cmdline.txt",
    "/boot/config.txt",
    "/boot/extlinux/extlinux.conf",
    "/boot/firmware/cmdline.txt",
    "/boot/firmware/*/cmdline.txt",
    "/boot/firmware/config.txt",
    "/boot/grub/grub.cfg",
    "/boot/grub/grubenv",
    "/boot/grub2/grub.cfg",
    "/boot/grub2/grubenv",
    "/boot/efi/EFI/*/grub.cfg",
    "/boot/efi/EFI/*/grubenv",
    "/boot/loader/entries/*.conf",
    "/boot/efi/loader/entries/*.conf",
    "/efi/loader/entries/*.conf",
    "/boot/loader/loader.conf",
    "/boot/efi/loader/loader.conf",
    "/efi/loader/loader.conf",
    "/etc/kernel/cmdline",
    "/etc/kernel/cmdline.d/*",
    "/efi/EFI/*/grubenv",
    "/etc/kernel/install.conf",
    "/etc/kernelstub/configuration",
    "/etc/default/grub",
    "/etc/default/grub.d/*.cfg",
    "/etc/default/kdump-tools",
    "/etc/default/raspi-extra-cmdline",
    "/etc/default/u-boot",
    "/etc/u-boot-menu/conf.d/*.conf",
    "/usr/share/u-boot-menu/conf.d/*.conf",
    "/etc/kdump.conf",
    "/etc/sysconfig/bootloader",
    "/etc/sysconfig/kdump",
    "/etc/default/kexec",
    "/etc/default/kexec.d/*",
    "/etc/kdump-enabler/capture.conf",
    "/etc/kdump-enabler/late-arming.conf",
    "/etc/kdump-enabler/policy.yml",
    "/etc/systemd/system/kdump-enabler-late-arming.service",
    "/etc/systemd/system/kdump-enabler-load.service",
    "/etc/systemd/system/kdump-enabler-load.service.d/*.conf",
    "/etc/systemd/system/kdump-enabler-save.service",
    "/etc/systemd/system/kdump-enabler-save.service.d/*.conf",
    "/etc/systemd/system/kdump.service.d/*.conf",
    "/etc/systemd/system/kdump-tools.service.d/*.conf",
    "/etc/systemd/system/kdump-tools-dump.service.d/*.conf",
    "/etc/systemd/system/multi-user.target.d/kdump-enabler-load.conf",
    "/etc/sysctl.conf",
    "/etc/sysctl.d/*.conf",
    "/run/sysctl.d/*.conf",
    "/usr/local/lib/sysctl.d/*.conf",
    "/usr/lib/sysctl.d/*.conf",
    "/lib/sysctl.d/*.conf",
    "/run/credentials/systemd-sysctl.service/sysctl.extra",
    "/etc/default/ufw",
    "/etc/ufw/sysctl.conf",
    "/etc/ufw/ufw.conf",
    "/etc/tuned/active_profile",
    "/etc/tuned/tuned-main.conf",
    "/usr/local/lib/kdump-enabler/load.sh",
    "/usr/local/lib/kdump-enabler/save.sh",
    "/var/lib/kdump-enabler/backups/*/manifest.json",
    "/var/lib/kdump-enabler/capture-memory",
    "/var/lib/kdump-enabler/proof.json",
    "/var/lib/kdump-enabler/run.json",
)
# Who notices lockups and the like, and whether the kernel then panics; for `simulate`.
SIMULATION_GLOBS = (
    "/proc/sys/kernel/hardlockup_panic",
    "/proc/sys/kernel/hung_task_check_interval_secs",
    "/proc/sys/kernel/hung_task_panic",
    "/proc/sys/kernel/hung_task_timeout_secs",
    "/proc/sys/kernel/modules_disabled",
    "/proc/sys/kernel/nmi_watchdog",
    "/proc/sys/kernel/panic_on_rcu_stall",
    "/proc/sys/kernel/soft_watchdog",
    "/proc/sys/kernel/softlockup_panic",
    "/proc/sys/kernel/tainted",
    "/proc/sys/kernel/watchdog",
    "/proc/sys/kernel/watchdog_thresh",
    "/proc/sys/vm/panic_on_oom",
    "/sys/devices/system/cpu/online",
    "/sys/module/module/parameters/sig_enforce",
    "/sys/module/rcupdate/parameters/rcu_cpu_stall_suppress",
    "/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout",
    "/var/lib/kdump-enabler/simulation.json",
)
# Looked at from outside only: existence, size, mode, link.
STAT_GLOBS = (
    "/bin/sh",
    "/etc/default/grub.backup.*",
    "/etc/default/kdump-tools.backup.*",
    "/.dockerenv",
    "/run/.containerenv",
    "/run/ostree-booted",
    "/run/ostree/staged-deployment",
    "/run/systemd/system",
    "/sys/firmware/efi/efivars/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
    "/boot/boot.scr",
    "/lib/modules/*/vmlinuz",
    "/etc/init.d/kexec-load",
    "/etc/systemd/system/multi-user.target.wants/tuned.service",
    "/etc/systemd/system/systemd-sysctl.service",
    "/var/lib/kdump/*",
    "/boot/initramfs-*.img",
    "/boot/initrd-*",
    "/boot/initrd.img-*",
    "/var/lib/kdump-enabler/capture/*/initrd",
    "/usr/sbin/grubby",
    "/usr/sbin/mkinitramfs",
    "/usr/sbin/transactional-update",
    "/sys/block/dm-*/slaves/*",
    "/sys/block/md*/slaves/*",
    "/etc/systemd/system/*.mount",
    "/usr/share/initramfs-tools/hooks/clevis",
    "/usr/share/initramfs-tools/hooks/mandos",
    "/lib/systemd/system/clevis-luks-askpass.path",
    "/usr/lib/dracut/modules.d/*clevis",
    "/usr/bin/ssh",
    "/sbin/mount.cifs",
    "/sbin/mount.nfs",
    "/usr/bin/lftp",
    "/root/.ssh/kdump_id_rsa",
    "/root/.ssh/id_*",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/sys/fs/cgroup/kubepods.slice",
    "/sys/fs/cgroup/machine.slice/libpod-*",
    "/sys/fs/cgroup/system.slice/containerd.service",
    "/sys/fs/cgroup/system.slice/crio.service",
    "/sys/fs/cgroup/system.slice/docker.service",
    "/sys/fs/cgroup/system.slice/kubelet.service",
    "/lib/modules/*/build",
    "/lib/modules/*/modules.dep",
    "/lib/modules/*/kernel/lib/test_lockup.ko*",
    "/usr/bin/gcc",
    "/usr/bin/make",
)
# Kernels, of which only the build that they say they are is read.
IMAGE_GLOBS = ("/boot/vmlinuz-*", "/var/lib/kdump-enabler/capture/*/vmlinuz")
BUILD_POINTER, BUILD_BASE, BUILD_CAP = 0x20E, 0x200, 512  # kernel_version in Documentation/arch/x86/boot.rst
# Unified kernel images: of their sections only those that say what they boot.
UNIFIED_GLOBS = ("/boot/EFI/Linux/*.efi", "/boot/efi/EFI/Linux/*.efi", "/efi/EFI/Linux/*.efi")
SECTIONS = {b".cmdline": "options", b".osrel": "osrel", b".uname": "uname"}
# Long files of which a rule asks for single lines: only those are kept.
LINES_OF = (
    ("/boot/config-*", r"(?m)^CONFIG_MAGIC_SYSRQ_DEFAULT_ENABLE=.*$"),
    ("/etc/kernel/postinst.d/z50-raspi-firmware", r"(?m)^.*raspi-extra-cmdline.*$"),
)
LISTED = ("/sys/devices/system/memory", "/var/lib/kdump-enabler/backups")
DUMP_DIRECTORY_FILES = (
    ("/etc/default/kdump-tools", r"(?m)^\s*KDUMP_COREDIR=[\"']?([^\s\"'#]+)"),
    ("/etc/kdump.conf", r"(?m)^[ \t]*path[ \t]+\"?([^\s\"#]+)"),
    ("/etc/sysconfig/kdump", r"(?m)^\s*KDUMP_SAVEDIR=[\"']?(?:file://)?(/[^\s\"'#]+)"),
    ("/etc/kdump-enabler/capture.conf", r"(?m)^\s*KDUMP_COREDIR=[\"']?([^\s\"'#]+)"),
)
KEY_FILES = (
    ("/etc/default/kdump-tools", r"(?m)^\s*SSH_KEY=[\"']?([^\s\"'#]+)"),
    ("/etc/kdump.conf", r"(?m)^[ \t]*sshkey[ \t]+\"?([^\s\"#]+)"),
)
# The kernel that a boot entry names, as the boot loader sees its path: from the root of the partition.
ENTRY, ENTRY_KERNEL = re.compile(r"(.*)/loader/entries/[^/]+\Z"), r"(?m)^[ \t]*linux[ \t]+(/\S+)"
# Profiles of tuned; since 2.23 they have a directory of their own.
TUNED_PROFILES = ("/etc/tuned/profiles/", "/etc/tuned/", "/usr/lib/tuned/profiles/", "/usr/lib/tuned/")
MOST_PROFILES = 20
# One dump's directory: of kdump-tools, of kdump.sh, which has the address of the machine before its stamp, and of
# SUSE's kdump, before 1.9 with a colon.
DUMP_NAME = re.compile(r"\d+\Z|\S+-\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d\Z|\d{4}(-\d\d){3}[:-]\d\d\Z", re.ASCII)
COMMANDS = (
    ("dpkg-query", "-W", "-f", "${Package}\\t${db:Status-Status}\\t${Version}\\n")
    + ("kdump-tools", "kexec-tools", "makedumpfile", "initramfs-tools-core"),
    ("rpm", "-q", "--qf", "%{NAME}\\tinstalled\\t%{VERSION}-%{RELEASE}\\n")
    + ("kdump-utils", "kdump", "kexec-tools", "makedumpfile"),
    ("pacman", "-Q", "kexec-tools", "makedumpfile"),
    ("systemctl", "show", "kdump-tools.service", "kdump-tools-dump.service", "kdump.service")
    + (
        "kdump-commandline.service",
        "kdump-enabler-late-arming.service",
        "kdump-enabler-load.service",
        "kdump-enabler-save.service",
    )
    + ("--property=Id,LoadState,ActiveState,SubState,Result,UnitFileState,UMask",),
)
# On SUSE's transactional systems the next boot takes the default snapshot, which need not be the one that runs; what is
# set up there stands in it, or in an overlay of /etc (transactional-update before 5).
TRANSACTIONAL, DEFAULT_SNAPSHOT = "/usr/sbin/transactional-update", ("btrfs", "subvolume", "get-default", "/")
SNAPSHOT = re.compile(r"\.snapshots/(\d+)/snapshot$", re.MULTILINE)
SNAPSHOT_TEXTS = ("/.snapshots/{}/snapshot/boot/grub2/grub.cfg",)
SNAPSHOT_STATS = (
    "/.snapshots/{}/snapshot/usr/lib/systemd/system/kdump.service",
    "/.snapshots/{}/snapshot/etc/systemd/system/multi-user.target.wants/kdump.service",
    "/var/lib/overlay/{}/etc/systemd/system/multi-user.target.wants/kdump.service",
)
SHELL_SYNTAX_GLOBS = ("/etc/default/grub", "/etc/default/grub.d/*.cfg")
KERNEL_LOG_LINES = re.compile(
    r"Uhhuh\. NMI received|crashkernel|Lockdown: kexec|kexec_file:|Perf NMI watchdog permanently disabled", re.ASCII
)
SECRET = re.compile(
    r"(?im)^([ \t]*(?:export[ \t]+)?\w*(?:pass(?:w|phrase)|secret|token|credential)\w*[ \t=:]+)"
    r"(?!(?:\"\"|'')[ \t]*$)\S.*$"
)
# The same inside a line, such as a kernel parameter or an option of mount.cifs(8), which also takes pass= and
# user=name%password: only the word's value goes.
SECRET_WORD = re.compile(
    r"(?i)((?:(?:pass(?:w|phrase)|secret|token|credential)[^\s=:,\"']*|\bpass)[=:]|\buser(?:name)?=[^\s,%]*%)"
    r"(?!\[cut out)[^\s,\"']+"
)
# The same in a URL: ftp://user:password@host
SECRET_URL = re.compile(r"(\w://[^\s/@:\"']*:)(?!\[cut out)[^\s/\"']+(?=@)")
# What all begin with: a text without any of these words has nothing to cut out.
SECRET_NAME = re.compile(r"(?i)pass|secret|token|credential|user|://[^\s/]*@")
CUT_OUT = r"\1[cut out by kdump-enabler]"
# statvfs on a dead network mount hangs, so only these kinds are asked for their free room.
LOCAL_FILE_SYSTEMS = frozenset(
    ["bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "tmpfs", "vfat", "xfs", "zfs", "fuseblk"]
)


def failure(error: OSError) -> "Record":
    """The record of something that could not be read."""
    return {"error": errno.errorcode.get(error.errno or 0, str(error.errno))}


def resolved(root: str, path: str) -> str:
    """Where a path leads below another root: its links are followed inside, never out to this machine."""
    if not root:
        return path
    here, ahead, hops = "", path.split("/"), 0
    while ahead:
        part = ahead.pop(0)
        step = here + "/" + part
        if part == "..":
            here = here.rpartition("/")[0]
        elif part not in ("", ".") and hops < MOST_LINKS and os.path.islink(root + step):
            hops += 1
            target = os.readlink(root + step)
            here = "" if target.startswith("/") else here
            ahead = target.split("/") + ahead
        elif part not in ("", "."):
            here = step
    return here


def outside(root: str, path: str) -> "Record":
    """Size, mode, owner and link target of a path, without opening it."""
    name = root + path
    try:
        info = os.lstat(name)
        record = {  # type: Record
            "mode": stat.S_IMODE(info.st_mode),
            "type": stat.S_IFMT(info.st_mode),
            "uid": info.st_uid,
            "gid": info.st_gid,
            "size": info.st_size,
            "mtime": int(info.st_mtime),
        }
        if stat.S_ISLNK(info.st_mode):
            record["link"] = os.readlink(name)
            record["exists"] = os.path.exists(root + resolved(root, path))
        return record
    except OSError as error:
        return failure(error)


def without_secrets(text: str) -> str:
    """The text with the values of passwords and the like cut out."""
    # Most files have none, and this search is many times faster than the exact ones.
    if not SECRET_NAME.search(text):
        return text
    return SECRET_URL.sub(CUT_OUT, SECRET_WORD.sub(CUT_OUT, SECRET.sub(CUT_OUT, text)))


def text_of(root: str, path: str, pattern: str = "") -> "Record":
    """A file with its text, or with those of its lines that match; secrets are cut out here, so they never leave the
    host."""
    record = outside(root, path)
    if "error" in record:
        return record
    try:
        with open(root + resolved(root, path), "rb") as stream:
            data = stream.read(FILE_CAP + 1)
    except OSError as error:
        record.update(failure(error))
        return record
    kept = data[:FILE_CAP]
    record["sha256"] = hashlib.sha256(data).hexdigest()
    record["truncated"] = len(data) > FILE_CAP
    text = kept.decode("utf-8", "surrogateescape")
    if pattern:
        text = "".join(line + "\n" for line in re.findall(pattern, text))
    record["text"] = without_secrets(text)
    return record


def read_by(reader: "Callable[[BinaryIO], str]", root: str, path: str) -> "Record":
    """A file with the text that a reader makes of it."""
    record = outside(root, path)
    if "error" in record:
        return record
    try:
        with open(root + resolved(root, path), "rb") as stream:
            record["text"] = reader(stream)
    except OSError as error:
        record.update(failure(error))
    return record


def build_of(stream: "BinaryIO") -> str:
    """What a kernel for x86 says it is: release, who built it, and version."""
    stream.seek(BUILD_POINTER)
    stream.seek(int.from_bytes(stream.read(2), "little") + BUILD_BASE)
    return stream.read(BUILD_CAP).split(b"\0")[0].decode("ascii", "replace")


def unified_of(stream: "BinaryIO") -> str:
    """What a unified kernel image says of itself, in lines that begin with the name of their section's key."""
    try:
        found = dict(sections(stream))
    except struct.error:  # cut short, or no such file at all
        found = {}
    lines = [(SECTIONS[name], line) for name in SECTIONS for line in found.get(name, "").splitlines()]
    return without_secrets("".join("{} {}\n".format(key, line) for key, line in lines if line.strip()))


def sections(stream: "BinaryIO") -> "Iterator[Tuple[bytes, str]]":
    """The wanted sections of a PE file (PE Format, "COFF File Header" and "Section Table")."""
    start = read_numbers(stream, 0x3C, "<I")[0]
    count, optional = read_numbers(stream, start + 6, "<H")[0], read_numbers(stream, start + 20, "<H")[0]
    for at in range(start + 24 + optional, start + 24 + optional + 40 * count, 40):
        name, virtual, _, size, place = read_numbers(stream, at, "<8sIIII")
        if name.rstrip(b"\0") in SECTIONS:
            stream.seek(place)
            data = stream.read(min(virtual, size, OUTPUT_CAP))
            yield name.rstrip(b"\0"), data.rstrip(b"\0").decode("utf-8", "replace")


def read_numbers(stream: "BinaryIO", at: int, form: str) -> "Tuple[Any, ...]":
    """Numbers at a place of a file."""
    stream.seek(at)
    return struct.unpack(form, stream.read(struct.calcsize(form)))


def expanded(root: str, patterns: "Iterable[str]") -> "List[str]":
    """The paths that the patterns match below root; a plain path is kept, so that its absence is recorded."""
    paths = []  # type: List[str]
    for pattern in patterns:
        if "*" not in pattern:
            paths.append(pattern)
            continue
        paths.extend(name[len(root) :] for name in sorted(glob.glob(glob.escape(root) + pattern)))
    return paths


def listing(root: str, path: str) -> "Record":
    """The names in a directory and its own mode, not its children's content."""
    record = outside(root, path)
    try:
        record["names"] = sorted(os.listdir(root + path))
    except OSError as error:
        record.update(failure(error))
    return record


def dump_directories(files: "Dict[str, Record]") -> "List[str]":
    """/var/crash and whatever the dump configuration names instead; a relative name counts from the root, where
    systemd starts services."""
    found = ["/var/crash"] + named(files, DUMP_DIRECTORY_FILES)
    return list(dict.fromkeys("/" + path.lstrip("/") for path in found))


def named(files: "Dict[str, Record]", patterns: "Iterable[Sequence[str]]") -> "List[str]":
    """What configuration files name, such as a path."""
    found = []  # type: List[str]
    for path, pattern in patterns:
        found += re.findall(pattern, files.get(path, {}).get("text", ""))
    return found


def entry_kernels(files: "Dict[str, Record]") -> "List[str]":
    """The kernels that boot entries name: systemd-boot leaves out an entry whose kernel is not there."""
    found = []  # type: List[str]
    for path, record in files.items():
        entry = ENTRY.match(path)
        if entry:
            found += [entry.group(1) + name for name in re.findall(ENTRY_KERNEL, record.get("text", ""))]
    return found


def tuned_profiles(root: str, files: "Dict[str, Record]") -> "Dict[str, Record]":
    """The active profiles of tuned and those that they include."""
    found = {}  # type: Dict[str, Record]
    names = files.get("/etc/tuned/active_profile", {}).get("text", "").split()
    for name in names:  # grows below
        paths = [place + name.lstrip("-") + "/tuned.conf" for place in TUNED_PROFILES if "/" not in name]
        read = {path: text_of(root, path) for path in paths if os.path.isfile(root + path)}
        for record in read.values():
            included = re.findall(r"(?m)^include[ \t]*=(.*)", record.get("text", ""))
            more = [one for line in included for one in re.split(r"[\s,;]+", line) if one and one not in names]
            names.extend(more[: MOST_PROFILES - len(names)])
        found.update(read)
    return found


def dump_directory(root: str, path: str, mounted: "Record") -> "Record":
    """A dump directory with the files of its dumps one level down: names, sizes and modes, never their content.
    On a file system that may wait for a network, or that looking would mount, nothing is looked at."""
    real = resolved(root, path) if root else destination(path, mounted)
    if not is_local(real, mounted):
        return {"error": "NOT_LOCAL", "real": real, "dumps": {}}
    real = real if root else os.path.realpath(real)
    record = listing(root, real)
    record["real"] = real
    record["dumps"] = {}
    for name in record.get("names", ()):
        below = real + "/" + name
        # In a sticky directory anybody may have made a link that leads elsewhere.
        if DUMP_NAME.match(name) and os.path.isdir(root + below) and not os.path.islink(root + below):
            inside = listing(root, below)
            names = inside.get("names", ())
            inside["files"] = {entry: outside(root, below + "/" + entry) for entry in names}
            record["dumps"][name] = inside
    return record


def destination(path: str, mounted: "Record") -> str:
    """Where a path leads that is itself a link, as far as only local file systems have to be asked."""
    for _ in range(MOST_LINKS):
        if not is_local(path, mounted) or not os.path.islink(path):
            break
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return path


def is_local(path: str, mounted: "Record") -> bool:
    """Whether a path is on a local file system; what the mounts say nothing of is taken for local."""
    points = [point for point in mounted if (path + "/").startswith(point.rstrip("/") + "/")]
    return not points or mounted[max(points, key=len)]["type"] in LOCAL_FILE_SYSTEMS


def mounts(root: str, text: str) -> "Record":
    """Free and total bytes of each local mount point; the others are listed without."""
    found = {}  # type: Record
    for point, record in mount_lines(text):
        if record["type"] in LOCAL_FILE_SYSTEMS:
            try:
                room = os.statvfs(root + point)
                record["free"] = room.f_bavail * room.f_frsize
                record["total"] = room.f_blocks * room.f_frsize
            except OSError as error:
                record.update(failure(error))
        found[point] = record
    return found


def mount_lines(text: str) -> "Iterator[Tuple[str, Record]]":
    """The mount points of /proc/mounts with what is mounted there."""
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) >= 4:
            point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), fields[1])
            yield point, {"source": fields[0], "type": fields[2], "options": fields[3]}


def run(argv: "Sequence[str]") -> "Record":
    """One read-only command, without a shell: exit status (null after a time-out) and output."""
    started = time.time()
    environment = dict(os.environ, LC_ALL="C", PATH=PATH)
    record = {"argv": list(argv), "rc": None}  # type: Record
    if not any(os.path.exists(place + "/" + argv[0]) for place in PATH.split(":")):  # a process only to be told so
        return dict(record, error="ENOENT")
    try:
        ended = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        record["rc"], out, err = ended.returncode, ended.stdout, ended.stderr
    except subprocess.TimeoutExpired as late:
        out, err = late.stdout or b"", late.stderr or b""
    except OSError as error:
        record.update(failure(error))
        return record
    record["out"] = out[:OUTPUT_CAP].decode("utf-8", "replace")
    record["err"] = err[:OUTPUT_CAP].decode("utf-8", "replace")
    record["seconds"] = round(time.time() - started, 3)
    return record


def commands(root: str) -> "List[Record]":
    """The fixed list of read-only commands; `sh -n` reads a file's syntax and runs nothing of it."""
    found = [run(argv) for argv in COMMANDS]
    syntax = expanded(root, SHELL_SYNTAX_GLOBS)
    return found + [run(("sh", "-n", path)) for path in syntax if os.path.exists(path)]


def default_snapshot(ran: "List[Record]", files: "Dict[str, Record]") -> "Dict[str, Record]":
    """What the snapshot that boots next holds of kdump, on a transactional system; the command that tells which one it
    is joins those that ran."""
    if "error" in files[TRANSACTIONAL]:
        return {}
    ran.append(run(DEFAULT_SNAPSHOT))
    number = SNAPSHOT.search(ran[-1].get("out", ""))
    if not number:
        return {}
    texts = {path: text_of("", path) for path in (one.format(number.group(1)) for one in SNAPSHOT_TEXTS)}
    return dict(texts, **{path: outside("", path) for path in (one.format(number.group(1)) for one in SNAPSHOT_STATS)})


def kernel_log() -> "Record":
    """The few lines of this boot's kernel log that a rule asks for, read without waiting from /dev/kmsg."""
    lines = []  # type: List[str]
    try:
        descriptor = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        return failure(error)
    try:
        while len(lines) < 200:
            try:
                record = os.read(descriptor, 8192).decode("utf-8", "replace")
            except OSError as error:
                if error.errno == errno.EPIPE:  # an entry was overwritten while we read: the next read goes on
                    continue
                break
            message = record.split("\n", 1)[0].partition(";")[2]
            if KERNEL_LOG_LINES.search(message):
                lines.append(message)
    finally:
        os.close(descriptor)
    return {"lines": lines}


def collect(root: str = "/") -> "Record":
    """Everything the rules may ask for, as one dictionary. With another root no command is run: they would
    answer for the machine this runs on."""
    prefix = root.rstrip("/")
    live = prefix == ""
    files = {path: text_of(prefix, path) for path in expanded(prefix, TEXT_GLOBS + SIMULATION_GLOBS)}
    files.update((path, outside(prefix, path)) for path in expanded(prefix, STAT_GLOBS))
    files.update((path, read_by(build_of, prefix, path)) for path in expanded(prefix, IMAGE_GLOBS))
    files.update((path, outside(prefix, path)) for path in named(files, KEY_FILES) if path.startswith("/"))
    files.update([(path, outside(prefix, path)) for path in entry_kernels(files)])
    files.update((path, read_by(unified_of, prefix, path)) for path in expanded(prefix, UNIFIED_GLOBS))
    files.update(tuned_profiles(prefix, files))
    mounted = mounts(prefix, files["/proc/mounts"].get("text", "")) if live else {}
    for names, wanted in LINES_OF:
        files.update((path, text_of(prefix, path, wanted)) for path in expanded(prefix, (names,)))
    directories = {path: listing(prefix, path) for path in LISTED}
    for path in dump_directories(files):
        directories[path] = dump_directory(prefix, path, mounted)
    ran = commands(prefix) if live else []
    files.update(default_snapshot(ran, files) if live else {})
    return {
        "schema": SCHEMA,
        "root": root,
        "live": live,
        "euid": os.geteuid(),
        "machine": os.uname().machine if live else None,
        "collected_at": int(time.time()),
        "files": files,
        "directories": directories,
        "mounts": mounted,
        "commands": ran,
        "kernel_log": kernel_log() if live else {"error": "ENOENT"},
    }


if __name__ == "__main__":
    # dump() would make the text in Python, which takes several times as long.
    sys.stdout.write(json.dumps(collect(sys.argv[1] if len(sys.argv) > 1 else "/")) + "\n")
