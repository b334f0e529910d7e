# SPDX-License-Identifier: MIT
"""What several backup sets know together of a host's past; the newest set comes first."""

import os
from typing import Any, Dict, List, NamedTuple, Optional

from .atomic import FileState
from .backups import BackupSet, after_of
from .boot_entries import without_counter

BOOT_ENTRIES = "/loader/entries/"


class Past(NamedTuple):
    """What a file was before one run (None: there was none), and all that the run made of it, as manifests say it."""

    before: Optional[FileState]
    made: List[Optional[Dict[str, Any]]]


def past_of_files(sets: List[BackupSet]) -> Dict[str, List[Past]]:
    """Return the past of every file, the newest run first; the stored copies are verified."""
    found: Dict[str, List[Past]] = {}
    for backup in sets:
        for entry in (backup.manifest or {})["files"]:
            past = Past(backup.before(entry), [entry["after"], *entry.get("earlier", [])])
            found.setdefault(lasting_name(entry["path"]), []).append(past)
    return found


def is_ours(past: List[Past], present: Optional[FileState]) -> bool:
    """Say whether runs alone led here from the oldest of these states: each found the file as the one before it left
    it, at its end or on the way."""
    found = after_of(present)
    for one in past:
        if found != after_of(one.before) and found not in one.made:
            return False
        found = after_of(one.before)
    return True


def lasting_name(path: str) -> str:
    """Return the name by which a file is known: a boot entry's also tells the boots that are left to it, which changes
    with each of them (boot counting)."""
    return without_counter(path) if BOOT_ENTRIES in path else path


def name_now(path: str) -> str:
    """Return the name that a file of that lasting name has now."""
    directory = os.path.dirname(path)
    if BOOT_ENTRIES not in path or os.path.lexists(path) or not os.path.isdir(directory):
        return path
    names = [os.path.join(directory, name) for name in sorted(os.listdir(directory)) if not name.startswith(".")]
    return next((name for name in names if lasting_name(name) == path), path)


def merged(sets: List[BackupSet], section: str) -> Dict[str, Dict[str, str]]:
    """Return what is no file, {name: {before, after}}, over all runs: before the oldest, after the newest."""
    found: Dict[str, Dict[str, str]] = {}
    for backup in sets:
        for name, value in (backup.manifest or {}).get(section, {}).items():
            found[name] = {"before": value["before"], "after": found.get(name, value)["after"]}
    return found
