# SPDX-License-Identifier: MIT
"""Keeps copies of files beside them while a tool makes them anew, so that whatever becomes of it they can come back."""

import contextlib
import glob
import json
import os
from typing import Dict, List

from .atomic import (
    make_directories,
    read_state,
    remove_if_there,
    sha256,
    sweep,
    sync_directory,
    write_atomic,
    write_temporary,
)
from .boot_entries import missing_files
from .failures import ModuleError
from .grub_generator import SETTLE_SECONDS, settle

RECORD = "boot-files.json"


def matching(patterns: List[str]) -> List[str]:
    """Return the files that the patterns match. A name with a leading dot is not among them, so no copy of ours is."""
    return sorted({path for pattern in patterns for path in glob.glob(pattern) if not os.path.isdir(path)})


def sync(paths: List[str]) -> None:
    """Bring the file systems of these files to their disks: firmware and boot loaders read past a journal."""
    for directory in sorted({os.path.dirname(path) for path in paths}):
        if os.path.isdir(directory):
            settle(directory, SETTLE_SECONDS)


class Kept(object):
    """The files that the patterns match, each with a copy in its own directory, so that putting one back is a rename
    and needs no room. The record of them is there exactly while a copy may have to come back."""

    def __init__(self, root: str, patterns: List[str]) -> None:
        """Take the directory of our records, and the globs of what the tool makes."""
        self.record = os.path.join(root, RECORD)
        self.patterns = patterns
        self.files: Dict[str, Dict[str, str]] = {}

    def keep(self) -> None:
        """Copy all files; nothing is left behind if there is no room for that."""
        make_directories(os.path.dirname(self.record), 0o755, [])
        try:
            found = matching(self.patterns)
            for path in found:
                sweep(path)
            for path in found:
                self._copy(path)
        except BaseException:
            self._remove_copies()
            raise
        sync(list(self.files))
        content = json.dumps({"files": self.files}, indent=2, sort_keys=True) + "\n"
        write_atomic(self.record, content.encode("ascii"), 0o644)

    def changed(self) -> List[str]:
        """Return the files that are not what was kept, those that came and those that went among them."""
        present = matching(self.patterns)
        other = [path for path in present if path not in self.files or not self._same(path)]
        return other + [path for path in self.files if path not in present]

    def content(self, path: str) -> bytes:
        """Return what a file was; empty where there was none."""
        if path not in self.files:
            return b""
        with open(self.files[path]["copy"], "rb") as stream:
            return stream.read()

    def put_back(self) -> None:
        """Make all as it was; what came meanwhile goes."""
        came = [path for path in matching(self.patterns) if path not in self.files]
        for path in came:
            remove_if_there(path)
        self._rename(list(self.files))
        sync(came + list(self.files))
        self.forget()

    def forget(self) -> None:
        """Give the copies up."""
        sync(matching(self.patterns))
        if remove_if_there(self.record):
            sync_directory(os.path.dirname(self.record))
        self._remove_copies()

    def recover(self) -> None:
        """Put back what a killed run left changed: half of a file may be there.

        What came since stays, because a kernel may have been installed since; and an entry that went stays away if
        what it boots went with it.
        """
        try:
            with open(self.record, "rb") as stream:
                self.files = json.loads(stream.read().decode("ascii"))["files"]
        except FileNotFoundError:
            return
        kept = [path for path, one in self.files.items() if os.path.exists(one["copy"]) and not self._same(path)]
        wanted = [path for path in kept if os.path.exists(path) or not missing_files(path, self.content(path))]
        self._rename(wanted)
        sync(wanted)
        self.forget()
        self.files = {}

    def _copy(self, path: str) -> None:
        state = read_state(path)
        if state is not None:
            self.files[path] = {"copy": write_temporary(path, state), "sha256": sha256(state.content)}

    def _same(self, path: str) -> bool:
        state = read_state(path)
        return state is not None and sha256(state.content) == self.files[path]["sha256"]

    def _rename(self, paths: List[str]) -> None:
        stuck = []
        for path in paths:
            # A copy that is gone was put back by a run that was killed in the middle of that.
            if os.path.exists(self.files[path]["copy"]):
                try:
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    os.rename(self.files[path]["copy"], path)
                except OSError:
                    stuck.append(path)
        if stuck:
            raise ModuleError(
                "half_done",
                "What was there before could not be put back: {0}.".format(", ".join(stuck)),
                "Repair the cause before the next reboot and run again: the copies are beside them.",
                stuck,
            )

    def _remove_copies(self) -> None:
        for one in self.files.values():
            with contextlib.suppress(OSError):  # the next run sweeps
                remove_if_there(one["copy"])
