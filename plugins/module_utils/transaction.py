# SPDX-License-Identifier: MIT
"""Changes several files, or none of them."""

import binascii
import contextlib
import os
import stat
from types import TracebackType
from typing import Callable, Dict, List, NamedTuple, Optional, Type

from .atomic import (
    FileState,
    make_directories,
    read_state,
    remove_if_there,
    sweep,
    sync_directory,
    temporary_prefix,
    write_temporary,
)
from .failures import ModuleError


class Change(NamedTuple):
    """One file, from what is there to what shall be there; None means no file."""

    path: str
    old: Optional[FileState]
    new: Optional[FileState]


def name_files(paths: List[str]) -> str:
    """Return the subject of a sentence about these files, with its verb's number: `/a is`, `/a, /b are`."""
    return "{0} {1}".format(", ".join(paths), "is" if len(paths) == 1 else "are")


class Transaction(object):
    """Stages all files first and then renames; leaving it by an exception puts everything back."""

    def __init__(self, changes: List[Change], label: Optional[Callable[[str, str], None]] = None) -> None:
        """Take the changes; `label(temporary, path)` gives a file that is new its security context."""
        self.changes = changes
        self._label = label
        self._made_directories: List[str] = []
        self._new: Dict[str, str] = {}
        self._old: Dict[str, str] = {}
        self._done: List[Change] = []

    def __enter__(self) -> "Transaction":
        """Nothing has happened yet."""
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        """Put back after a failure; in any case leave none of our temporary names behind."""
        stuck = self._put_back() if kind else []
        if stuck:
            # The second names stay: they may be the only copies on this filesystem.
            raise ModuleError(
                "half_done",
                "The change failed ({0}) and {1} not back as before.".format(error, name_files(stuck)),
                "Repair the cause, then restore the backup set of this run.",
                stuck,
            )
        for temporary in list(self._new.values()) + list(self._old.values()):
            # An error here must hide neither the success nor the first failure; the next run sweeps.
            with contextlib.suppress(OSError):
                remove_if_there(temporary)
        if kind:
            self._remove_directories()

    def stage(self) -> List[Change]:
        """Do all that needs room: write every new file and keep every old one under a second name.

        Return the changes with the modes that the filesystem really gave (vfat has its own).
        """
        staged = []
        for change in self.changes:
            make_directories(os.path.dirname(change.path), 0o755, self._made_directories)
            sweep(change.path, list(self._new.values()) + list(self._old.values()))
            new = self._stage_new(change, change.new) if change.new else None
            if change.old:
                self._old[change.path] = self._second_name(change.path, change.old)
            staged.append(change._replace(new=new))
        return staged

    def commit(self) -> None:
        """Rename everything into place; refuses if a file changed since it was read."""
        moved = [change.path for change in self.changes if read_state(change.path) != change.old]
        if moved:
            raise ModuleError(
                "changed_since",
                "{0} being changed by something else at this moment.".format(name_files(moved)),
                "Wait until that has ended and run again.",
                moved,
            )
        for change in self.changes:
            # Noted before it is done, because a signal may come in between; putting back copes with both.
            self._done.append(change)
            if change.new:
                os.rename(self._new[change.path], change.path)
            else:
                os.unlink(change.path)
        for directory in sorted({os.path.dirname(change.path) for change in self.changes}):
            sync_directory(directory)

    def _stage_new(self, change: Change, new: FileState) -> FileState:
        temporary = write_temporary(change.path, new)
        self._new[change.path] = temporary
        if change.old is None and self._label:
            self._label(temporary, change.path)
        return new._replace(mode=stat.S_IMODE(os.lstat(temporary).st_mode))

    def _second_name(self, path: str, old: FileState) -> str:
        # A hard link needs no room and keeps the very same inode, so that putting back cannot fail for space.
        random = binascii.hexlify(os.urandom(4)).decode("ascii")
        second = os.path.join(os.path.dirname(path), temporary_prefix(path) + random)
        try:
            os.link(path, second, follow_symlinks=False)
        except OSError:
            return write_temporary(path, old)  # vfat has no hard links
        return second

    def _put_back(self) -> List[str]:
        stuck = []
        for change in reversed(self._done):
            try:
                self._put_back_one(change)
            except OSError:
                stuck.append(change.path)
        return stuck

    def _put_back_one(self, change: Change) -> None:
        # The step that failed did not happen, and trying to undo it would fail for the same reason.
        untouched = os.path.lexists(self._new[change.path] if change.new else change.path)
        if untouched:
            return
        if change.old:
            os.rename(self._old[change.path], change.path)
        else:
            remove_if_there(change.path)
        sync_directory(os.path.dirname(change.path))

    def _remove_directories(self) -> None:
        for directory in reversed(self._made_directories):
            try:
                os.rmdir(directory)
            except OSError:
                return  # somebody put something there meanwhile: it stays
