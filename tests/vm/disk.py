"""The Debian 12 disks: built once from `recipe/`, kept in the cache under a hash of all that went into it."""

import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import apt, host
from .errors import VmError

RECIPE = Path(__file__).with_name("recipe")
SIZE_MIB = 6144
ROOT_UUID = "6b64756d-7000-4000-8000-000000000001"
# From disks/<hash>/ and from machines/<name>/ alike, so that the cache can be moved.
BACKING = "../../disks/{key}/base.qcow2"


@dataclass(frozen=True)
class Kind:
    """What boots a disk: the script of `recipe/` that assembles it, and the packages that differ."""

    script: str
    without: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


BIOS = Kind("assemble.sh")  # GRUB
UEFI = Kind("assemble-uefi.sh", ("grub-pc",), ("systemd-boot", "dosfstools"))


def build(kind: Kind = BIOS) -> Path:
    """The directory of the disk (with `base.qcow2`), built now, in 70 s, if the cache does not have it."""
    access = apt.access()
    target = host.cache() / "disks" / key(access, kind)
    with host.lock("disk"):
        if not target.exists():
            host.require_tools(host.BUILD_TOOLS | host.RUN_TOOLS)
            _need_root()
            target.parent.mkdir(exist_ok=True)
            with _work_directory(target.parent) as work:
                _build(work, access, kind)
                work.rename(target)
    return target


def key(access: apt.Access, kind: Kind) -> str:
    """The name of a disk in the cache: everything that its content depends on, except the archive's state."""
    parts = (SIZE_MIB, ROOT_UUID, kind, _mmdebstrap(access, kind), access.sources, access.guest_settings())
    digest = hashlib.sha256(repr(parts).encode())
    public = host.ssh_key().with_suffix(".pub")
    for path in [*sorted(RECIPE.iterdir()), *access.authorities, public]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _build(work: Path, access: apt.Access, kind: Kind) -> None:
    root, raw, log = work / "root", work / "disk.raw", work / "build.log"
    overlay = _overlay(work / "overlay", access)
    names = {"OVERLAY": str(overlay), "RECIPE": str(RECIPE), "ROOT_UUID": ROOT_UUID, "LC_ALL": "C.UTF-8"}
    host.run([*_mmdebstrap(access, kind), str(root), *access.sources], log, names)
    assemble = ["sh", str(RECIPE / kind.script), str(root), str(raw), ROOT_UUID, str(SIZE_MIB)]
    host.run(["unshare", "--mount", "--propagation", "private", *assemble], log)
    host.run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(work / "base.qcow2")], log)
    raw.unlink()
    for directory in (root, overlay):
        host.remove_tree(directory)


def _overlay(overlay: Path, access: apt.Access) -> Path:
    """The files of the guest that come from this machine."""
    files = {
        "etc/apt/apt.conf.d/90host": access.guest_settings(),
        "etc/apt/sources.list": "\n".join([*access.sources, ""]),
        "etc/vm-authorized-key": host.ssh_key().with_suffix(".pub").read_text(),
    }
    files |= {f"usr/local/share/ca-certificates/{path.name}": path.read_text() for path in access.authorities}
    for name, text in files.items():
        path = overlay / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return overlay


def _mmdebstrap(access: apt.Access, kind: Kind) -> list[str]:
    """The arguments that come before the target; no path of this machine is in them, so they go into the hash."""
    lines = (RECIPE / "packages.txt").read_text().splitlines()
    names = (line.partition("#")[0].strip() for line in lines)
    packages = [*(name for name in names if name and name not in kind.without), *kind.more]
    return [
        *("mmdebstrap", "--mode=root", "--variant=important", f"--include={','.join(packages)}"),
        "--dpkgopt=force-unsafe-io",  # only while building: the file system is thrown away if the power fails
        "--skip=cleanup/apt/lists",  # a machine in use has them, and they make the guest's first update short
        '--essential-hook=chroot "$1" debconf-set-selections < "$RECIPE/debconf.txt"',
        '--customize-hook=sh "$RECIPE/customize.sh" "$1"',
        *(f"--aptopt={line}" for line in access.settings),
        apt.SUITE,
    ]


@contextmanager
def _work_directory(parent: Path) -> Iterator[Path]:
    """A directory that is gone afterwards, also on failure, Ctrl-C and SIGTERM, unless it was renamed."""
    _remove_leftovers(parent)
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=parent))
    work.chmod(0o755)  # apt's own user has to read below it
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield work
    except VmError as error:
        shutil.copy(work / "build.log", parent / "failed-build.log")
        raise VmError(error.sentence, f"{error.hint}\nThe whole log: {parent / 'failed-build.log'}") from error
    finally:
        signal.signal(signal.SIGTERM, previous)
        host.remove_tree(work)


def _remove_leftovers(parent: Path) -> None:
    """Remove what a killed build left; the caller holds the lock, so nobody else is building."""
    for path in parent.glob(".building-*"):
        host.remove_tree(path)


def _need_root() -> None:
    if os.geteuid() != 0:
        raise VmError("Building the disk needs root: it mounts a file system.", "Run it as root once.")
