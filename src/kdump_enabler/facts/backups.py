"""The backup sets that runs left on a machine, from the manifests that plugins/module_utils/backups.py writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from ..evidence import Evidence

ROOT = "/var/lib/kdump-enabler/backups"
STAMP = "%Y%m%dT%H%M%SZ"
_STAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


@dataclass(frozen=True)
class Mark:
    """What tells one state of a file from another; `mode` is octal."""

    sha256: str
    mode: str


@dataclass(frozen=True)
class Kept:
    """One file of a set: `before` and `after` the run, each null for no file."""

    path: str
    before: Mark | None
    after: Mark | None


@dataclass(frozen=True)
class BackupSet:
    """What one run changed. `units` and `settings` (of the running kernel) are {name: {before, after}}. Times are UTC
    in ISO 8601; `restored_at` is null for a set that can still be gone back to; `readable` is false where only root
    may read it, and nothing but the name is known then."""

    name: str
    readable: bool = True
    created_at: str | None = None
    restored_at: str | None = None
    tool_version: str | None = None
    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read(evidence: Evidence) -> tuple[BackupSet, ...] | None:
    """Every set, the newest first; null when the directory of the sets could not be read."""
    directory = evidence.directories.get(ROOT, {"error": "ENOENT"})
    if directory.get("error") not in (None, "ENOENT"):
        return None
    return tuple(_set(evidence, name) for name in sorted(directory.get("names", ()), reverse=True))


def as_records(sets: tuple[BackupSet, ...] | None) -> list[dict[str, Any]] | None:
    """The sets as the result document holds them."""
    return None if sets is None else [asdict(found) for found in sets]


def next_name(sets: tuple[BackupSet, ...] | None, now: datetime) -> str:
    """The name for the set of a run that begins now (UTC). Names are in the order of the runs, also when this
    controller's clock is behind that of an earlier one: going back follows them."""
    later = [
        name for name in (found.name for found in sets or ()) if _STAMP.fullmatch(name) and name >= f"{now:{STAMP}}"
    ]
    if later:
        now = datetime.strptime(max(later), STAMP).replace(tzinfo=timezone.utc) + timedelta(seconds=1)
    return f"{now:{STAMP}}"


def _set(evidence: Evidence, name: str) -> BackupSet:
    try:
        manifest = json.loads(evidence.text(f"{ROOT}/{name}/manifest.json") or "")
        return BackupSet(
            name=name,
            created_at=manifest["created_at"],
            restored_at=manifest.get("restored_at"),
            tool_version=manifest["tool_version"],
            files=tuple(entry["path"] for entry in manifest["files"]),
            packages=tuple(manifest["packages"]),
            kept=tuple(Kept(one["path"], _mark(one["before"]), _mark(one["after"])) for one in manifest["files"]),
            units=manifest.get("units", {}),
            settings=manifest.get("settings", {}),
        )
    except (ValueError, KeyError, TypeError):  # closed to this user, half-written, or of a later version
        return BackupSet(name, readable=False)


def _mark(known: Mapping[str, Any] | None) -> Mark | None:
    return Mark(known["sha256"], known["mode"]) if known else None
