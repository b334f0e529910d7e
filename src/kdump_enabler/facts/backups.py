"""The backup sets that runs left on a machine, from the manifests that plugins/module_utils/backups.py writes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from ..evidence import Evidence

ROOT = "/var/lib/kdump-enabler/backups"


@dataclass(frozen=True)
class BackupSet:
    """What one run changed. Times are UTC in ISO 8601; `restored_at` is null for a set that can still be gone back
    to; `readable` is false where only root may read it, and nothing but the name is known then."""

    name: str
    readable: bool = True
    created_at: str | None = None
    restored_at: str | None = None
    tool_version: str | None = None
    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


def read(evidence: Evidence) -> tuple[BackupSet, ...] | None:
    """Every set, the newest first; null when the directory of the sets could not be read."""
    directory = evidence.directories.get(ROOT, {"error": "ENOENT"})
    if directory.get("error") not in (None, "ENOENT"):
        return None
    return tuple(_set(evidence, name) for name in sorted(directory.get("names", ()), reverse=True))


def as_records(sets: tuple[BackupSet, ...] | None) -> list[dict[str, Any]] | None:
    """The sets as the result document holds them."""
    return None if sets is None else [asdict(found) for found in sets]


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
        )
    except (ValueError, KeyError, TypeError):  # closed to this user, half-written, or of a later version
        return BackupSet(name, readable=False)
