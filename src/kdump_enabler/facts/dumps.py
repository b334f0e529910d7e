"""The directory that dumps go to: its room, its mode and the dumps already in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..evidence import Evidence

OTHERS_MAY_ENTER = 0o001
OTHERS_MAY_READ = 0o004


@dataclass(frozen=True)
class DumpDirectory:
    """Sizes in bytes; `exists` and `free_bytes` are null when unknown; `dumps` and `readable` are paths of files;
    `real` is the path without links; `local` is false where looking may wait for a network."""

    path: str
    real: str
    local: bool
    exists: bool | None
    mode: int | None
    read_only: bool | None
    free_bytes: int | None
    dumps: tuple[str, ...]
    readable: tuple[str, ...]


def read(evidence: Evidence, path: str) -> DumpDirectory:
    """The state of a dump directory in the native layout of kdump-tools, <12 digits>/dump.<12 digits>, of kdump-utils,
    <address>-<stamp>/vmcore, or of SUSE's kdump, <stamp>/vmcore."""
    record = evidence.directories.get(path, {"error": "NOT_COLLECTED"})
    error = record.get("error")
    real = record.get("real", path)
    mount = evidence.mount_of(real)
    files = list(_dump_files(record, path))
    return DumpDirectory(
        path=path,
        real=real,
        local=error != "NOT_LOCAL",
        exists={None: True, "ENOENT": False}.get(error),
        mode=record.get("mode"),
        read_only="ro" in mount.options if mount else None,
        free_bytes=mount.free_bytes if mount else None,
        dumps=tuple(name for name, _ in files if re.search(r"/((dump|vmcore)\.\d+[^/]*|vmcore(\.flat)?)\Z", name)),
        readable=tuple(name for name, open_to_others in files if open_to_others),
    )


def _dump_files(record: Mapping[str, Any], path: str) -> list[tuple[str, bool]]:
    """Each file of each dump, with whether a user without rights can read it: the whole way must be open."""
    way_in = bool(record.get("mode", 0) & OTHERS_MAY_ENTER)
    return [
        (
            f"{path}/{stamp}/{name}",
            way_in and bool(inside.get("mode", 0) & OTHERS_MAY_ENTER and file.get("mode", 0) & OTHERS_MAY_READ),
        )
        for stamp, inside in sorted(record.get("dumps", {}).items())
        for name, file in sorted(inside.get("files", {}).items())
    ]
