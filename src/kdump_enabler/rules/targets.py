"""What the capture kernel has to reach before it can write a dump, and whether it will."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

from ..crash.proof import State, standing
from ..evidence import Mount
from ..facts.kdump_config import KDUMP_CONF, OF_SUSE, Target
from ..facts.machine import Facts
from ..facts.storage import Arrival, Lock, is_remote
from ..finding import Finding, Severity, Source
from ..platforms import Platform
from ..policy import Policy
from . import dumps, own_units, sysconfig
from .capture import missing_packages
from .words import mib, unseen

Rule = Callable[[Facts, Policy], Iterable[Finding]]
IN_MEMORY = frozenset(["ramfs", "tmpfs"])
# What initramfs-tools mounts as a root and nothing is known against; the dump is an ordinary file there.
ON_DISK = frozenset(["bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "xfs"])
PROVE = "prove it with a crash on purpose"
INSTALL = {"apt": "apt-get install", "dnf": "dnf install", "zypper": "zypper install"}
HELPERS = {
    "nfs": "/sbin/mount.nfs",
    "cifs": "/sbin/mount.cifs",
    "ssh": "/usr/bin/ssh",
    "sftp": "/usr/bin/lftp",
    "ftp": "/usr/bin/lftp",
}
SSH_KEY, ROOT_KEYS = "/root/.ssh/kdump_id_rsa", "/root/.ssh"


def encrypted(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD054: the capture kernel starts like any boot, so it has to open the encrypted root, and what /etc/fstab
    names, once more: its initrd is made by the same hooks (/etc/kernel/postinst.d/kdump-tools, cryptroot of
    cryptsetup-initramfs). Without a key of its own it asks for the passphrase and waits; nobody is there, no dump
    is written, and the machine does not come back. A LUKS2 key slot wants the memory that it was made with, often
    1 GiB, from the little that is reserved (cryptsetup-luksFormat(8), --pbkdf-memory)."""
    locks = facts.storage.locks
    if facts.platform is None:
        return
    if locks is None:
        yield unseen("KD054", "Whether the file systems are encrypted", "/sys/block")
    for lock in locks or ():
        yield _may_open(facts, lock) if lock.by_itself else _waits_for_a_person(lock)


def _waits_for_a_person(lock: Lock) -> Finding:
    return Finding(
        id="KD054",
        severity=Severity.ERROR,
        title="The capture kernel would wait for a passphrase",
        current=f"{f'{lock.point} is on' if lock.point else 'the boot waits for'} the encrypted {lock.name} "
        f"({lock.kind}), which opens only with a passphrase",
        wanted="a key that needs no person, and memory enough to use it",
        evidence=(lock.where,),
        remedy=f"let {lock.name} open by itself (clevis, a key file), and {PROVE}",
        blocks_capture=True,
        by_hand=True,
    )


def _may_open(facts: Facts, lock: Lock) -> Finding:
    memory = f", with {mib(facts.reserved_bytes)} of memory" if facts.reserved_bytes else ""
    need = "; a LUKS2 key slot can need 1 GiB" if lock.kind == "LUKS2" else ""
    return Finding(
        id="KD054",
        severity=Severity.WARNING,
        title="The capture kernel has to open an encrypted file system",
        current=f"{lock.point} is on {lock.name} ({lock.kind}){memory}{need}",
        wanted="a crash that has proved it",
        evidence=(lock.where,),
        remedy=f"see what memory its key slots need (luksDump), and {PROVE}",
        unseen=True,
        by_hand=True,
    )


def hidden(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD055: the unit that writes the dump waits for local-fs.target, yet nothing on its way wants remote-fs.target
    (kdump-tools-dump.service; systemd.special(7)). A dump directory on a network mount, or on one with `noauto` or
    `_netdev`, is an empty mount point then: the dump lands below it, on the file system that holds that, and is
    hidden once the mount is back. With `nofail` the mount is tried but not waited for (systemd.mount(5))."""
    mount, arrival = facts.storage.target, facts.storage.arrival
    if facts.platform is None or mount is None or not _is_local_target(facts):
        return
    if arrival is Arrival.SURE or mount.kind in IN_MEMORY:
        return
    never, path = arrival is Arrival.NEVER, facts.dump_directory.path
    yield Finding(
        id="KD055",
        severity=Severity.ERROR if never else Severity.WARNING,
        title=f"{path} {'would' if never else 'might'} not be mounted when the dump is written",
        current=f"{mount.source} on {mount.point} ({mount.kind}): {arrival.value}",
        wanted="a local file system that /etc/fstab mounts at boot"
        + ("" if facts.own_units else ", or NFS= or SSH= of kdump-tools"),
        evidence=(facts.storage.arrival_where,),
        remedy=_mended_by(facts.platform, arrival, mount, path),
        unseen=True,
        by_hand=True,
    )


def _mended_by(platform: Platform, arrival: Arrival, mount: Mount, path: str) -> str:
    if arrival is Arrival.LATE:
        return f"take nofail from {mount.point} in /etc/fstab"
    if is_remote(mount):
        sent = "" if platform.own_units else f"set NFS= or SSH= in {platform.config}, or "
        return f"{sent}give {path} a local file system"
    return f"let /etc/fstab mount {mount.point} at every boot: without noauto, _netdev, or x-systemd.automount"


def lost(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD056: the capture kernel reboots when it is done (/etc/init.d/kdump-tools), and what was written to memory
    (tmpfs(5)) is gone; it would not fit either."""
    mount = facts.storage.target
    if facts.platform is None or mount is None or mount.kind not in IN_MEMORY or not _is_local_target(facts):
        return
    yield Finding(
        id="KD056",
        severity=Severity.ERROR,
        title=f"A dump in {facts.dump_directory.path} would be lost in the reboot",
        current=f"{mount.point} is {mount.kind}, which is memory",
        wanted="a directory on a disk",
        evidence=(Source("/proc/mounts", 0, f"{mount.source} {mount.point} {mount.kind}"),),
        remedy=f"name a directory on a disk in {facts.config.directory_key} of {facts.platform.config}",
        blocks_capture=True,
        by_hand=True,
    )


def unproved(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD057: kdump-tools makes its initrd with MODULES=dep, which fails for a root on ZFS, and no dump was seen to
    come out there (openzfs issue 6476). Of network roots, overlays and others nothing is known either. kdump-utils
    does not need the root, only what the dump goes to."""
    if facts.platform is None:
        return
    root = facts.storage.root if facts.platform.dump_unit else None
    reached = {root, facts.storage.target if _is_local_target(facts) else None}
    for mount in sorted((mount for mount in reached if mount), key=lambda mount: mount.point):
        hopeless = mount.point != "/" and facts.storage.arrival in (Arrival.NEVER, Arrival.UNSEEN)
        if mount.kind not in ON_DISK | IN_MEMORY | {"autofs"} and not (hopeless and mount.kind != "zfs"):
            yield Finding(
                id="KD057",
                severity=Severity.WARNING,
                title=f"Nobody has seen {facts.platform.packages[0]} write a dump with {mount.point} on {mount.kind}",
                current=f"{mount.source} on {mount.point} ({mount.kind})",
                wanted="/ and the dump directory on ext4 or xfs, or a crash that has proved it",
                evidence=(Source("/proc/mounts", 0, f"{mount.source} {mount.point} {mount.kind}"),),
                remedy=f"put / and the dumps on ext4 or xfs, or {PROVE}",
                unseen=True,
                by_hand=True,
            )


def unreachable(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD058: kdump-config mounts NFS= with `mount -t nfs`, so it needs HOST:PATH and the helper of nfs-common; for
    SSH= it calls ssh with the key of SSH_KEY, or else root's usual ones, as nobody types a password
    (kdump_save_core and kdump_save_core_to_ssh of kdump-config, ssh(1)). kdumpctl needs the same of `nfs` and `ssh`,
    before it makes the capture initrd, though only the key that is named (check_user_configured_target and
    mkdir_save_path_ssh of mkdumprd). SUSE's takes root's usual keys too, or a password from the URL; it needs lftp for
    ftp and sftp, and the helper of cifs-utils for cifs (kdump-save, and what kdump.spec recommends)."""
    for target, fault, remedy in _faults(facts):
        yield Finding(
            id="KD058",
            severity=Severity.ERROR,
            title="The dump cannot be sent to the other machine",
            current=f"{target.written}: {fault}",
            wanted="a target that this machine can reach by itself",
            evidence=(Source(facts.platform.config if facts.platform else "", target.line, target.written),),
            remedy=remedy,
            blocks_capture=True,
            by_hand=True,
        )


def _faults(facts: Facts) -> Iterator[tuple[Target, str, str]]:
    """What is wrong with a remote target for certain: the setting, the fault, and what mends it."""
    platform = facts.platform
    for target in facts.config.targets if platform else ():
        assert platform is not None  # noqa: S101 - asked above
        helper, package = HELPERS.get(target.kind, ""), platform.helpers.get(target.kind, "")
        if target.kind == "nfs" and ":" not in target.value:
            yield target, "it is not HOST:PATH", _with_a_path(platform, target)
        if helper and package and facts.evidence.file(helper).absent:
            install = f"{INSTALL[platform.package_manager]} {package}"
            yield target, f"{helper} ({package}) is not there", install
        if target.kind in ("ssh", "sftp") and _keyless(facts, target):
            send = "ssh-keygen, ssh-copy-id, mkdumprd -f"
            how = send if platform.dialect == OF_SUSE else f"{platform.load_command.split()[0]} propagate"
            yield target, f"there is no key {facts.config.key or SSH_KEY}", f"make the key and send it: {how}"


def _with_a_path(platform: Platform, target: Target) -> str:
    example = "nfs://HOST/PATH" if platform.dialect == OF_SUSE else target.written.replace(target.value, "HOST:PATH")
    return f"write {example} in the configuration of {platform.packages[0]}"


def _keyless(facts: Facts, target: Target) -> bool:
    """No key that the capture kernel would take is there, nor a password in its place."""
    keys = [file for file in facts.evidence.below(ROOT_KEYS) if file.path.rpartition("/")[2].startswith("id_")]
    others = [file for file in keys if not file.absent]
    user, at, _ = target.value.partition("@")
    missing = facts.evidence.file(facts.config.key or SSH_KEY).absent and not (facts.config.any_key and others)
    return missing and not (at and ":" in user)


def directory(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD059: KDUMP_COREDIR is a full path (kdump-tools.conf(5)). One that does not exist is made by kdump-config
    (`mkdir -p`), on whatever file system is there then: often a typing mistake, or a disk that is not mounted. A
    relative one counts from `/`, as services start there (systemd.exec(5)), and elsewhere for whoever calls
    kdump-config by hand. SUSE's mkdumprd makes that of KDUMP_SAVEDIR, too (get_mount). Of `path` in kdump.conf(5)
    mkdumprd makes nothing: it ends where there is no such directory (check_save_path_fs)."""
    if facts.platform is None or not _is_local_target(facts):
        return
    value, path, key = facts.config.directory, facts.dump_directory.path, facts.config.directory_key
    maker = facts.config.makes_directory
    by_sh = facts.platform.dialect != KDUMP_CONF
    written = value.value if value else path
    setting = f"{key}={written}" if by_sh else f"{key} {written}"
    if by_sh and any(sign in written for sign in "$`"):
        yield unseen("KD059", f"What sh makes of {setting}", facts.platform.config)
        return
    problem = f"it is relative, and services take it for {path}" if not written.startswith("/") else ""
    missing = facts.dump_directory.exists is False and not facts.own_units  # our own unit makes it
    if not problem and missing:
        problem = "it does not exist; " + (f"{maker} would make it" if maker else "without it no initrd is made")
    if problem:
        fatal = missing and not maker
        yield Finding(
            id="KD059",
            severity=Severity.ERROR if fatal else Severity.WARNING,
            title="The dump directory is not what its configuration says",
            current=f"{setting}: {problem}",
            wanted="the full path of a directory",
            evidence=(Source(facts.platform.config, value.line if value else 0, setting),),
            remedy=f"mkdir -p {path}, or name another in {facts.platform.config}",
            unseen=not fatal,
            blocks_capture=fatal and not facts.capture_loaded,
            by_hand=True,
        )


def _is_local_target(facts: Facts) -> bool:
    missing = facts.packages is not None and missing_packages(facts)
    return facts.platform is not None and not missing and not dumps.is_remote(facts)


def settled_by_a_proof(rule: Rule) -> Rule:
    """The rule, without its doubts where a crash on purpose has shown that a dump comes out of this very set-up."""

    @functools.wraps(rule)
    def settled(facts: Facts, policy: Policy) -> Iterator[Finding]:
        proven = standing(facts).state is State.PROVEN
        yield from (finding for finding in rule(facts, policy) if not (finding.unseen and proven))

    return settled


def of_a_named_target(rule: Rule) -> Rule:
    """The rule, where the configuration could be read that says what the target is: of its default nothing follows."""

    @functools.wraps(rule)
    def named(facts: Facts, policy: Policy) -> Iterable[Finding]:
        return rule(facts, policy) if dumps.is_named(facts) else ()

    return named


OF_A_TARGET = (sysconfig.nothing_saved, dumps.room, encrypted, hidden, lost, unproved, unreachable, directory)
# All that can keep a dump from being written and found.
RULES = tuple(map(settled_by_a_proof, (dumps.remote, *map(of_a_named_target, OF_A_TARGET))))


def is_saved(facts: Facts) -> bool | None:
    """Whether the capture kernel could write a dump now where it is looked for; null when that cannot be seen."""
    if facts.platform is None:
        return None
    if facts.packages is not None and missing_packages(facts):
        return False
    found = [finding for rule in (*RULES, *own_units.SAVING) for finding in rule(facts, Policy())]
    if any(finding.blocks_capture for finding in found):
        return False
    return None if any(finding.unseen for finding in found) else True
