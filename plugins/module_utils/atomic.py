# SPDX-License-Identifier: MIT
"""Reads and writes single files so that a reader, or a power cut, meets the old bytes or the new ones."""

import errno
import hashlib
import os
import stat
import tempfile
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .failures import ModuleError

# In FileState.uid and gid: leave what the filesystem gave the new file (fchown(2) takes -1 for that).
AS_CREATED = -1
MARK = ".kdump-enabler."


class FileState(NamedTuple):
    """All of a file that we promise to keep or to put back."""

    content: bytes
    mode: int
    uid: int
    gid: int
    xattrs: Dict[str, bytes]


def sha256(content: bytes) -> str:
    """Return the checksum as it stands in plans and manifests."""
    return hashlib.sha256(content).hexdigest()


def octal(mode: int) -> str:
    """Return a mode as people write it: 0644."""
    return "{0:04o}".format(mode)


def read_state(path: str) -> Optional[FileState]:
    """Return what stands at `path`, None if nothing does; anything but a plain file is refused."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(found.st_mode):
        raise ModuleError(
            "symlink",
            "{0} is a symbolic link to {1}, and links are not replaced.".format(path, os.readlink(path)),
            "Name the file that the link leads to, or put a plain file in its place.",
            [path],
        )
    if not stat.S_ISREG(found.st_mode):
        raise ModuleError(
            "not_a_file",
            "{0} is not a plain file.".format(path),
            "Move it out of the way and run again.",
            [path],
        )
    return _read_open(path)


def _read_open(path: str) -> FileState:
    # O_NOFOLLOW: what lstat saw may have been swapped for a link since.
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as handle:
        found = os.fstat(fd)
        mode = stat.S_IMODE(found.st_mode)
        return FileState(handle.read(), mode, found.st_uid, found.st_gid, read_xattrs(fd))


def read_xattrs(fd: int) -> Dict[str, bytes]:
    """Return the extended attributes that belong to the name, not to the content."""
    try:
        names = os.listxattr(fd)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise
    return {name: os.getxattr(fd, name) for name in names if _is_kept(name)}


def _is_kept(name: str) -> bool:
    # security.ima and security.evm sign the content: copied to other content they would lock the file.
    return name in ("security.selinux", "system.posix_acl_access") or name.startswith("user.")


def dress(fd: int, state: FileState) -> None:
    """Give the open file the mode, owner and attributes of `state`."""
    present = read_xattrs(fd)
    for name, value in state.xattrs.items():
        # Where the label is right already, setting it could only fail (no privilege to relabel).
        if present.get(name) != value:
            os.setxattr(fd, name, value)
    found = os.fstat(fd)
    uid = found.st_uid if state.uid == AS_CREATED else state.uid
    gid = found.st_gid if state.gid == AS_CREATED else state.gid
    if (uid, gid) != (found.st_uid, found.st_gid):
        os.fchown(fd, uid, gid)
    # After the owner, because chown clears the set-id bits.
    if stat.S_IMODE(os.fstat(fd).st_mode) != state.mode:
        os.fchmod(fd, state.mode)


def temporary_prefix(path: str) -> str:
    """Return how our temporary names for `path` begin.

    The dot keeps them out of shell globs (grub.d), the random end out of `*.conf` and `*.cfg`.
    """
    return "." + os.path.basename(path) + MARK


def make_temporary(path: str) -> Tuple[int, str]:
    """Create an empty file beside `path`; return its descriptor and its name."""
    try:
        return tempfile.mkstemp(prefix=temporary_prefix(path), dir=os.path.dirname(path))
    except OSError as error:
        error.filename = path  # the operator knows this name
        raise


def write_temporary(path: str, state: FileState) -> str:
    """Write `state` to a synced file beside `path` and return its name."""
    fd, temporary = make_temporary(path)
    try:
        with os.fdopen(fd, "wb") as handle:
            handle.write(state.content)
            handle.flush()
            dress(handle.fileno(), state)
            os.fsync(handle.fileno())
    except BaseException as error:
        remove_if_there(temporary)
        if isinstance(error, OSError):
            error.filename = path  # a failed write does not say where
        raise
    return temporary


def write_atomic(path: str, content: bytes, mode: int) -> None:
    """Put `content` at `path`, durable when this returns."""
    temporary = write_temporary(path, FileState(content, mode, AS_CREATED, AS_CREATED, {}))
    try:
        os.rename(temporary, path)
    except BaseException:
        remove_if_there(temporary)
        raise
    sync_directory(os.path.dirname(path))


def sync_directory(directory: str) -> None:
    """Make renames and removals in `directory` survive a power cut."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        # Some network and FUSE filesystems cannot sync a directory; that is no reason to undo the work.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            error.filename = directory
            raise
    finally:
        os.close(fd)


def remove_if_there(path: str) -> bool:
    """Remove the file and say whether there was one."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def sweep(path: str, keep: Sequence[str] = ()) -> None:
    """Remove what a run that was killed left beside `path`; one run at a time, so it is nobody's but for `keep`."""
    directory, prefix = os.path.dirname(path), temporary_prefix(path)
    if not os.path.isdir(directory):
        return
    for name in os.listdir(directory):
        full = os.path.join(directory, name)
        if name.startswith(prefix) and full not in keep:
            remove_if_there(full)


def missing_directories(directory: str) -> List[str]:
    """Return what make_directories() would create, the outermost first."""
    missing: List[str] = []
    while not os.path.isdir(directory):
        missing.insert(0, directory)
        directory = os.path.dirname(directory)
    return missing


def make_directories(directory: str, mode: int, made: List[str]) -> None:
    """Create what is missing of `directory`, adding each to `made` so that a failure can take them away."""
    if os.path.isdir(directory):
        return
    make_directories(os.path.dirname(directory), mode, made)
    os.mkdir(directory)
    made.append(directory)
    os.chmod(directory, mode)  # the caller's umask shall not decide
    sync_directory(os.path.dirname(directory))


def nearest_directory(path: str) -> str:
    """Return the closest parent of `path` that exists."""
    parent = os.path.dirname(path)
    while not os.path.lexists(parent):
        parent = os.path.dirname(parent)
    return parent


def check_writable(path: str) -> None:
    """Refuse a path whose directory takes no new file; check mode asks this too."""
    parent = nearest_directory(path)
    if not os.path.isdir(parent):
        raise ModuleError(
            "not_writable",
            "{0} is not a directory.".format(parent),
            "Move it out of the way and run again.",
            [path],
        )
    if os.access(parent, os.W_OK | os.X_OK):
        return
    if os.statvfs(parent).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
    raise ModuleError(
        "not_writable",
        "{0} is not writable for this user.".format(parent),
        "Run as root (become: true).",
        [path],
    )
