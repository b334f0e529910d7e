# SPDX-License-Identifier: MIT
"""Backup sets: what the files of one run were before it, and what it made of them."""

import base64
import contextlib
import json
import os
import re
import shutil
import time
from types import TracebackType
from typing import Any, Dict, List, Optional, Type

from .atomic import (
    FileState,
    make_directories,
    missing_directories,
    octal,
    remove_if_there,
    sha256,
    sync_directory,
    write_atomic,
)
from .failures import ModuleError
from .transaction import Change

DEFAULT_ROOT = "/var/lib/kdump-enabler/backups"
SCHEMA = "kdump-enabler/backup/1"
# No slash and no leading dot, so a name can never leave the root.
SET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
CONTENT_NAME = re.compile(r"files/[0-9]{4,}\Z")


def utc_now() -> str:
    """Return the time as it stands in manifests."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def damaged(name: str, what: str) -> ModuleError:
    """Return the refusal to work with a set that cannot be trusted."""
    return ModuleError(
        "bad_backup",
        "The backup set {0} is damaged: {1}.".format(name, what),
        "Restore the files it lists by hand, from a backup of the machine.",
    )


def after_of(state: Optional[FileState]) -> Optional[Dict[str, Any]]:
    """Return how a manifest describes what we wrote."""
    return {"sha256": sha256(state.content), "mode": octal(state.mode)} if state else None


class BackupSet(object):
    """One directory <root>/<name>; leaving it by an exception takes back what was recorded in it."""

    def __init__(self, root: str, name: str) -> None:
        """Name the set and read its manifest, if it has one."""
        if not SET_NAME.match(name) or not os.path.isabs(root):
            raise ModuleError(
                "bad_arguments",
                "{0} under {1} cannot be a backup set.".format(name, root),
                "Use letters, digits, dots and dashes under an absolute path, for example 20250131T120000Z.",
            )
        self.root = root
        self.name = name
        self.directory = os.path.join(root, name)
        self.manifest = self._load()
        self._saved: Optional[str] = None
        self._written: List[str] = []
        self._made: List[str] = []
        self._touched = False

    def __enter__(self) -> "BackupSet":
        """Nothing is written before record()."""
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        """Forget what did not happen; after half of it happened the record must stay."""
        if kind and self._touched and getattr(error, "kind", "") != "half_done":
            # A full disk may forbid it. The record is still true: restore finds these files as `before`.
            with contextlib.suppress(OSError):
                self._revert()

    def record(self, changes: List[Change], packages: List[str], tool_version: str) -> None:
        """Keep what the files were, durably, before any of them is replaced."""
        if self.manifest and self.manifest.get("restored_at"):
            raise ModuleError(
                "backup_closed",
                "The backup set {0} was restored already and takes no more files.".format(self.name),
                "Use a new name for each run.",
            )
        self._saved = json.dumps(self.manifest) if self.manifest else None
        self._touched = True
        manifest = self.manifest or self._empty(tool_version)
        self._make()
        for change in changes:
            self._note(manifest, change)
            # Noted before they are made, so that a kill in between leaves nothing that restore does not know.
            made = manifest.setdefault("directories", [])
            made.extend(one for one in missing_directories(os.path.dirname(change.path)) if one not in made)
        manifest["packages"] = sorted(set(manifest["packages"]) | set(packages))
        self.save(manifest)

    def remember(self, section: str, values: Dict[str, Dict[str, str]], tool_version: str = "") -> None:
        """Keep what is no file, durably, before it is changed: {name: {before, after}}; the first `before` stays."""
        manifest = json.loads(json.dumps(self.manifest or self._empty(tool_version)))
        known = manifest.setdefault(section, {})
        for name, value in values.items():
            known[name] = {"before": known.get(name, value)["before"], "after": value["after"]}
        if manifest != self.manifest:
            self._make()
            self.save(manifest)

    def correct(self, staged: List[Change]) -> None:
        """Note the modes that the file system really gave (vfat has its own)."""
        manifest = json.loads(json.dumps(self.manifest))
        for entry in manifest["files"]:
            for change in staged:
                if entry["path"] == change.path:
                    entry["after"] = after_of(change.new)
        if manifest != self.manifest:
            self.save(manifest)

    def save(self, manifest: Dict[str, Any]) -> None:
        """Replace the manifest."""
        content = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
        write_atomic(self._manifest_path(), content.encode("ascii"), 0o600)
        self.manifest = manifest

    def store(self, folder: str, state: FileState) -> Dict[str, Any]:
        """Keep a copy of the file in the set and return how the manifest describes it."""
        directory = os.path.join(self.directory, folder)
        make_directories(directory, 0o700, self._made)
        taken = [int(name) for name in os.listdir(directory) if name.isdigit()]
        name = "{0}/{1:04d}".format(folder, max([*taken, 0]) + 1)
        path = os.path.join(self.directory, name)
        self._written.append(path)
        write_atomic(path, state.content, 0o600)
        described = after_of(state) or {}
        xattrs = {key: base64.b64encode(value).decode("ascii") for key, value in state.xattrs.items()}
        described.update(uid=state.uid, gid=state.gid, content=name, xattrs=xattrs)
        return described

    def before(self, entry: Dict[str, Any]) -> Optional[FileState]:
        """Return what an entry's file was, from the copy, whose checksum is verified."""
        known = entry["before"]
        if known is None:
            return None
        if not CONTENT_NAME.match(known["content"]):
            raise damaged(self.name, "it keeps {0} outside the set".format(entry["path"]))
        try:
            with open(os.path.join(self.directory, known["content"]), "rb") as handle:
                content = handle.read()
        except FileNotFoundError:
            raise damaged(self.name, "the copy of {0} is missing".format(entry["path"])) from None
        if sha256(content) != known["sha256"]:
            raise damaged(self.name, "the copy of {0} is not what was stored".format(entry["path"]))
        xattrs = {key: base64.b64decode(value) for key, value in known.get("xattrs", {}).items()}
        return FileState(content, int(known["mode"], 8), known["uid"], known["gid"], xattrs)

    def _note(self, manifest: Dict[str, Any], change: Change) -> None:
        after = after_of(change.new)
        for entry in manifest["files"]:
            if entry["path"] == change.path:
                # The first `before` is what the run found. What the run itself wrote in between is kept as
                # known, so that a power cut now does not make restore take it for somebody else's edit.
                entry["earlier"] = [*entry.get("earlier", []), entry["after"]]
                entry["after"] = after
                return
        before = self.store("files", change.old) if change.old else None
        manifest["files"].append({"path": change.path, "before": before, "after": after})

    def _empty(self, tool_version: str) -> Dict[str, Any]:
        return {
            "schema": SCHEMA,
            "set": self.name,
            "created_at": utc_now(),
            "tool_version": tool_version,
            "packages": [],
            "files": [],
        }

    def _manifest_path(self) -> str:
        return os.path.join(self.directory, "manifest.json")

    def _make(self) -> None:
        make_directories(os.path.dirname(self.root), 0o755, self._made)
        make_directories(self.directory, 0o700, self._made)
        sync_directory(self.root)

    def _load(self) -> Optional[Dict[str, Any]]:
        try:
            with open(self._manifest_path(), "rb") as handle:
                manifest = json.loads(handle.read().decode("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError:
            raise damaged(self.name, "its manifest is not JSON") from None
        if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
            raise damaged(self.name, "its manifest is not a {0}".format(SCHEMA))
        return manifest

    def _revert(self) -> None:
        # Only what this call made, name by name: a wrong root must not become a recursive removal.
        if self._saved is None:
            remove_if_there(self._manifest_path())
        else:
            self.save(json.loads(self._saved))
        for path in self._written:
            remove_if_there(path)
        for directory in reversed(self._made):
            os.rmdir(directory)


def find_set(root: str, name: str) -> BackupSet:
    """Return the named set; `latest` is the newest by name that has not been restored, `first` the oldest."""
    names = sorted(_set_names(root), reverse=name != "first") if name in ("latest", "first") else [name]
    for candidate in names:
        found = BackupSet(root, candidate)
        if found.manifest and not (name == "latest" and found.manifest.get("restored_at")):
            return found
    what = "There is no backup set " + name if [name] == names else "No backup set is left to restore"
    hint = "`kdump-enabler backups` lists them."
    raise ModuleError("no_backup", "{0} under {1}.".format(what, root), hint)


def sets_since(root: str, name: str) -> List[BackupSet]:
    """Return the set that find_set() does, and before it the later ones that have not been restored, the newest first:
    the state before a run is reached through what came after it."""
    asked = find_set(root, name)
    later = [BackupSet(root, one) for one in sorted(_set_names(root), reverse=True) if one > asked.name]
    return [one for one in later if one.manifest and not one.manifest.get("restored_at")] + [asked]


def remove_old(root: str, keep: int) -> List[str]:
    """Remove all but the newest `keep` sets and the first, which holds what the host was before us; 0 keeps all.

    A directory without a manifest is what a killed run left before it changed anything.
    """
    names = sorted(_set_names(root))
    empty = [name for name in names if not os.path.exists(os.path.join(root, name, "manifest.json"))]
    whole = [name for name in names if name not in empty]
    old = whole[1 : max(1, len(whole) - keep)] if keep else []
    for name in empty + old:
        shutil.rmtree(os.path.join(root, name))
    return old


def forget(root: str, name: str) -> bool:
    """Remove a set that holds nothing to give back: a run that failed before its packages came left it."""
    backup = BackupSet(root, name)
    if not backup.manifest or any(backup.manifest.get(section) for section in ("files", "settings", "units")):
        return False
    shutil.rmtree(backup.directory)
    return True


def _set_names(root: str) -> List[str]:
    try:
        return [name for name in os.listdir(root) if SET_NAME.match(name)]
    except FileNotFoundError:
        return []
