"""How the capture kernel comes by its file systems: what mounts them there, and what is encrypted.

The capture kernel of kdump-tools boots the same root with `systemd.unit=kdump-tools-dump.service` (kdump-config).
That unit needs sysinit.target, which wants local-fs.target and cryptsetup.target, and network-online.target; nothing
on the way wants remote-fs.target (units of kdump-tools and systemd, systemd.special(7)).

That of our own units boots the same root, and starts nothing but the unit that writes the dump: it needs the root and
the file system of the dump directory, which systemd mounts for it whether or not a boot would (RequiresMountsFor= of
systemd.unit(5) honours `noauto`); there is no network.

That of kdump-utils does not boot the system: its initrd mounts the one file system that the dump goes to, by its device
and without `noauto` and `nofail` (to_mount of mkdumprd), and writes the dump itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ..evidence import Evidence, Mount
from ..finding import Source
from ..platforms import Platform

FSTAB, CRYPTTAB = "/etc/fstab", "/etc/crypttab"
REMOTE = frozenset(["9p", "afs", "ceph", "cifs", "nfs", "nfs4", "smb3", "virtiofs"])
# What their authors' packages put there: clevis-initramfs, mandos-client; and clevis-systemd for the other devices.
INITRD_UNLOCKERS = ("/usr/share/initramfs-tools/hooks/clevis", "/usr/share/initramfs-tools/hooks/mandos")
# Of an initrd by dracut: the module's directory has a number before its name, which clevis-dracut changed once.
DRACUT_MODULES, DRACUT_UNLOCKER = "/usr/lib/dracut/modules.d", "clevis"
LINKED_KEY = "link-volume-key"  # the key that the running system has is handed over (setup-crypttab of kdumpctl(8))
LATER_UNLOCKERS = ("/lib/systemd/system/clevis-luks-askpass.path",)
NOT_ENCRYPTED = ("VERITY", "INTEGRITY", "SUBDEV")


class Arrival(Enum):
    """What becomes of a mount in the capture kernel, in the words of fstab(5) and systemd.mount(5)."""

    SURE = "before the dump is written"
    LATE = "nofail: nothing waits for it"
    NEVER = "nothing mounts it there"
    UNSEEN = "what mounts it could not be seen"


class Start(Enum):
    """What a capture kernel starts before the dump is written."""

    SYSTEM = "all local file systems"
    ROOT = "the root, and what the dump needs"
    INITRD = "its initrd alone"


@dataclass(frozen=True)
class Entry:
    """A line of fstab(5)."""

    point: str
    kind: str
    options: tuple[str, ...]
    where: Source


@dataclass(frozen=True)
class Lock:
    """An encrypted device that the capture kernel has to open: its name, its format (`LUKS2`), the mount that
    needs it (empty where only cryptsetup.target waits for it), and whether it can open without a person; `where` is
    the line of crypttab(5)."""

    name: str
    kind: str
    point: str
    by_itself: bool
    where: Source


@dataclass(frozen=True)
class Storage:
    """The file systems under `/` and under the dump directory; a null mount could not be seen. `locks` is null
    where devices could not be looked through."""

    root: Mount | None
    target: Mount | None
    arrival: Arrival
    arrival_where: Source
    locks: tuple[Lock, ...] | None


def start(platform: Platform | None) -> Start:
    """What the capture kernel of a platform starts."""
    if platform and platform.own_units:
        return Start.ROOT
    return Start.SYSTEM if platform is None or platform.dump_unit else Start.INITRD


def read(evidence: Evidence, directory: str, start: Start = Start.SYSTEM) -> Storage:
    """The file systems that a dump into this directory needs, with a capture kernel that starts so much."""
    target = evidence.mount_of(directory)
    entries = _entries(evidence) if start is not Start.INITRD else ()
    arrival, where = _arrival(target, entries, evidence) if target else (Arrival.UNSEEN, Source("/proc/mounts"))
    if target and (start is Start.INITRD or (start is Start.ROOT and _is_named(target, entries))):
        arrival = Arrival.SURE
    return Storage(
        root=evidence.mount_of("/"),
        target=target,
        arrival=arrival,
        arrival_where=where,
        locks=_locks(evidence, target, entries or () if start is Start.SYSTEM else (), start),
    )


def _is_named(mount: Mount, entries: tuple[Entry, ...] | None) -> bool:
    """Whether a local file system has a line in fstab(5)."""
    entry = next((entry for entry in entries or () if entry.point == mount.point), None)
    return entry is not None and not (is_remote(mount) or entry.kind in REMOTE or "_netdev" in entry.options)


def is_remote(mount: Mount) -> bool:
    """Whether it needs a network: by its kind, or because `_netdev` says so (systemd.mount(5))."""
    return mount.kind in REMOTE or mount.kind.startswith("fuse.") or "_netdev" in mount.options


def _entries(evidence: Evidence) -> tuple[Entry, ...] | None:
    """The lines of fstab(5); null when they could not be read."""
    file = evidence.file(FSTAB)
    if file.unknown:
        return None
    lines = enumerate((file.text or "").splitlines(), 1)
    rows = [(number, line.split()) for number, line in lines if not line.lstrip().startswith("#")]
    return tuple(
        Entry(_unescaped(row[1]), row[2], tuple(row[3].split(",")), Source(FSTAB, number, " ".join(row[:4])))
        for number, row in rows
        if len(row) > 3
    )


def _arrival(mount: Mount, entries: tuple[Entry, ...] | None, evidence: Evidence) -> tuple[Arrival, Source]:
    """What mounts a file system in the capture kernel: its root is, the others need fstab or a mount unit."""
    mounted = Source("/proc/mounts", 0, f"{mount.source} {mount.point} {mount.kind}")
    if mount.point == "/":
        return Arrival.SURE, mounted
    entry = next((entry for entry in entries or () if entry.point == mount.point), None)
    if entry is not None:
        return _by_options(mount, entry), entry.where
    if is_remote(mount):
        return Arrival.NEVER, mounted
    unit = f"/etc/systemd/system/{_unit_name(mount.point)}"
    return (Arrival.SURE if evidence.file(unit).error is None else Arrival.UNSEEN), mounted


def _by_options(mount: Mount, entry: Entry) -> Arrival:
    """systemd-fstab-generator(8): remote ones go to remote-fs.target, `noauto` to none, `nofail` without an order."""
    by_hand = "noauto" in entry.options and "x-systemd.automount" not in entry.options
    if is_remote(mount) or entry.kind in REMOTE or "_netdev" in entry.options or by_hand:
        return Arrival.NEVER
    return Arrival.LATE if "nofail" in entry.options else Arrival.SURE


def _locks(
    evidence: Evidence, target: Mount | None, entries: tuple[Entry, ...], start: Start
) -> tuple[Lock, ...] | None:
    """Encrypted devices below the dump directory; where the system is booted, also below `/` and everything else that
    local-fs.target waits for."""
    if not evidence.lists("/sys/block"):
        return None
    awaited = {entry.point for entry in entries if not {"noauto", "nofail", "_netdev"} & set(entry.options)}
    boots = start is not Start.INITRD
    awaited |= {"/"} if boots else set()
    needed = [mount for mount in evidence.mounts if mount.point in awaited or mount == target]
    found: dict[str, Lock] = {}
    for mount in needed:
        devices = _below(evidence, mount.source)
        if devices is None:
            return None
        for device in devices:
            lock = _lock(evidence, device, mount.point, boots)
            if lock is not None:
                found.setdefault(lock.name, lock)
    mapped = _mapped(evidence) if start is Start.SYSTEM else ()
    waited_for = [lock for device in mapped if (lock := _lock(evidence, device, "")) and _stops_boot(lock)]
    return (*found.values(), *(lock for lock in waited_for if lock.name not in found))


def _stops_boot(lock: Lock) -> bool:
    """Whether a boot asks for its passphrase and waits: crypttab(5) names it without `noauto` and `nofail`."""
    options = {option for word in lock.where.text.split()[3:] for option in word.split(",")}
    return not lock.by_itself and not options & {"noauto", "nofail", "_netdev"}


def _below(evidence: Evidence, source: str) -> list[str] | None:
    """The kernel's names of a mapped device and of all that it is made of; null when its map is not known."""
    if source.startswith("/dev/mapper/"):
        names = [name for name in _mapped(evidence) if _word(evidence, f"/sys/block/{name}/dm/name") == source[12:]]
        return _with_slaves(evidence, names[0]) if names else None
    return _with_slaves(evidence, source.rpartition("/")[2]) if source.startswith("/dev/") else []


def _with_slaves(evidence: Evidence, device: str) -> list[str]:
    slaves = [file.path.rpartition("/")[2] for file in evidence.below(f"/sys/block/{device}/slaves")]
    return [device, *(name for slave in slaves for name in _with_slaves(evidence, slave))]


def _mapped(evidence: Evidence) -> Iterator[str]:
    for path in evidence.files:
        match = re.fullmatch(r"/sys/block/(dm-\d+)/dm/name", path)
        if match:
            yield match[1]


def _lock(evidence: Evidence, device: str, point: str, boots: bool = True) -> Lock | None:
    """The device-mapper UUID tells what a device is: CRYPT-<format>-... (libcryptsetup)."""
    prefix, _, rest = _word(evidence, f"/sys/block/{device}/dm/uuid").partition("-")
    kind = rest.partition("-")[0]
    if prefix != "CRYPT" or kind in NOT_ENCRYPTED:
        return None
    name = _word(evidence, f"/sys/block/{device}/dm/name")
    by_itself, where = _opening(evidence, name, point, boots)
    return Lock(name, kind, point, by_itself, where)


def _opening(evidence: Evidence, name: str, point: str, boots: bool) -> tuple[bool, Source]:
    """Whether a device can open without a person. One that crypttab(5) does not name is opened by something else."""
    helpers = INITRD_UNLOCKERS if point in ("/", "/usr") else LATER_UNLOCKERS
    helped = any(evidence.file(path).error is None for path in helpers if boots)
    helped = helped or (not boots and bool(evidence.below(DRACUT_MODULES, DRACUT_UNLOCKER)))
    for number, line in enumerate((evidence.text(CRYPTTAB) or "").splitlines(), 1):
        words = line.split()
        if len(words) > 1 and words[0] == name:
            key, options = (words[2:] + ["none", ""][len(words) - 2 :])[:2]
            return helped or _has_key(key, options, point), Source(CRYPTTAB, number, " ".join(words))
    return True, Source(CRYPTTAB)


def _has_key(key: str, options: str, point: str) -> bool:
    """A key file or a script gives the key. A TPM does so only for systemd-cryptsetup(8): the initrd's cryptroot
    ignores that option (functions of cryptsetup)."""
    words = [word.partition("=")[0] for word in options.split(",")]
    if key not in ("none", "-") or LINKED_KEY in words:
        return True
    return "keyscript" in words or ("tpm2-device" in words and point not in ("/", "/usr"))


def _word(evidence: Evidence, path: str) -> str:
    return (evidence.text(path) or "").strip()


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _unit_name(point: str) -> str:
    r"""systemd.unit(5): `/` becomes `-`, and `\xNN` any byte but ASCII letters, digits, `:`, `_` and a later `.`."""
    words = point.strip("/").encode(errors="surrogateescape").split(b"/")
    escaped = (re.sub(rb"[^\w:.]", lambda match: b"\\x%02x" % ord(match[0]), word) for word in words)
    return re.sub(rb"^\.", rb"\\x2e", b"-".join(escaped)).decode() + ".mount"
