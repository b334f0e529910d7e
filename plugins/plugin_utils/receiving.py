# SPDX-License-Identifier: MIT
"""A file that arrives in pieces: private from its first byte, resumed after a cut, named only when it is whole."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

CHUNK = 1 << 20
PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700


class ReceivingError(Exception):
    """A sentence and a hint about the controller's side; `kind` is a stable word for it."""

    def __init__(self, kind: str, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.kind, self.hint = kind, hint


def make_private(directory: Path) -> None:
    """Make what is missing of a directory, for its owner only."""
    if not directory.is_dir():
        make_private(directory.parent)
        directory.mkdir(PRIVATE_DIRECTORY, exist_ok=True)  # another host's worker may be faster


def digest_of(path: Path) -> tuple[int, str] | None:
    """Size and sha256 of an ordinary file; null for nothing, and with size -1 for anything else."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(info.st_mode):
        return -1, ""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        return info.st_size, _total(stream.read).hexdigest()


def _total(read: Callable[[int], bytes]) -> hashlib._Hash:
    total = hashlib.sha256()
    while part := read(CHUNK):
        total.update(part)
    return total


class Part:
    """The file beside `path` that is not whole yet, to be used in a `with` statement. It stays after a failure, so
    that the next run can go on with it. `size` in bytes."""

    def __init__(self, path: Path, suffix: str) -> None:
        self.path, self.name = path, path.with_name(path.name + suffix)
        self.size = 0

    def __enter__(self) -> Part:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self.name, flags, PRIVATE_FILE)
        try:
            self._check()
        except BaseException:
            os.close(self._descriptor)
            raise
        self.size = os.fstat(self._descriptor).st_size
        self._total = _total(lambda size: os.read(self._descriptor, size))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def _check(self) -> None:
        info = os.fstat(self._descriptor)
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid() or info.st_nlink != 1:
            raise ReceivingError("not_ours", f"{self.name} is not a file of an earlier run", "Move it away.")
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReceivingError("running", f"Another run is fetching {self.path}", "Wait for it.") from None
        os.fchmod(self._descriptor, PRIVATE_FILE)

    @property
    def sha256(self) -> str:
        """The checksum of what is there."""
        return self._total.hexdigest()

    def begin_again(self) -> None:
        """Forget what is there."""
        os.ftruncate(self._descriptor, 0)
        self.size, self._total = 0, hashlib.sha256()

    def room(self) -> int:
        """Bytes that this user can still write there."""
        return shutil.disk_usage(self.name).free

    def append(self, data: bytes) -> None:
        """Put a piece at the end."""
        written = 0
        while written < len(data):
            written += os.pwrite(self._descriptor, memoryview(data)[written:], self.size + written)
        self._added(data)

    def append_zeros(self, size: int) -> None:
        """Put zeros at the end, which take no room."""
        os.ftruncate(self._descriptor, self.size + size)
        self._added(bytes(size))

    def _added(self, data: bytes) -> None:
        self.size += len(data)
        self._total.update(data)

    def finish(self) -> None:
        """Give the file its name, unless that is taken. Raises FileExistsError."""
        os.fsync(self._descriptor)
        try:
            os.link(self.name, self.path)  # unlike rename(2), this replaces nothing
            self.name.unlink()
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if os.path.lexists(self.path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self.path)) from None
            self.name.rename(self.path)
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def discard(self) -> None:
        """Take it away."""
        self.name.unlink()
