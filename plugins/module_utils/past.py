# SPDX-License-Identifier: MIT
"""What several backup sets know together of a host's past; the newest set comes first."""

from typing import Any, Dict, List, NamedTuple, Optional

from .atomic import FileState
from .backups import BackupSet


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
            found.setdefault(entry["path"], []).append(past)
    return found


def merged(sets: List[BackupSet], section: str) -> Dict[str, Dict[str, str]]:
    """Return what is no file, {name: {before, after}}, over all runs: before the oldest, after the newest."""
    found: Dict[str, Dict[str, str]] = {}
    for backup in sets:
        for name, value in (backup.manifest or {}).get(section, {}).items():
            found[name] = {"before": value["before"], "after": found.get(name, value)["after"]}
    return found
