"""Evidence: what the probe saw on one machine, as typed records over its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .errors import UserError

SCHEMA = 1
ABSENT = frozenset({"ENOENT", "ENOTDIR"})
NOT_COLLECTED = "NOT_COLLECTED"  # the probe does not look there


@dataclass(frozen=True)
class File:
    """One path. `error` is an errno name; `absent` and unreadable are different answers. `size` is in bytes, `mtime`
    in seconds since the epoch."""

    path: str
    error: str | None = None
    text: str | None = None
    sha256: str | None = None
    mode: int | None = None
    size: int | None = None
    mtime: int | None = None
    link: str | None = None
    link_target_exists: bool = True

    @property
    def absent(self) -> bool:
        """The path is known not to exist (a dangling link counts as absent)."""
        return self.error in ABSENT or not self.link_target_exists

    @property
    def unknown(self) -> bool:
        """The path may or may not exist: it could not be looked at."""
        return self.error is not None and not self.absent

    @property
    def closed(self) -> bool:
        """The probe asked for the path, and was not let in; older probes did not ask for all."""
        return self.unknown and self.error != NOT_COLLECTED


@dataclass(frozen=True)
class Command:
    """One read-only command: `rc` is null after a time-out or when it could not be started."""

    argv: tuple[str, ...]
    rc: int | None
    out: str
    err: str


@dataclass(frozen=True)
class Mount:
    """A mount point, with what is mounted there (a device, or a server's name) and the kind of file system; free
    room in bytes, null where the file system was not asked."""

    point: str
    options: tuple[str, ...]
    free_bytes: int | None
    source: str
    kind: str


@dataclass(frozen=True)
class Evidence:
    """Everything one probe run saw. Pure: reading it touches no machine. `collected_at` is in seconds since the epoch
    by the machine's own clock. `listed` are the directories of which every file that the probe asks for is here; null
    means all, as the probe itself looks."""

    live: bool
    euid: int
    machine: str | None
    collected_at: int
    files: Mapping[str, File]
    directories: Mapping[str, Mapping[str, Any]]
    mounts: tuple[Mount, ...]
    commands: tuple[Command, ...]
    kernel_log: tuple[str, ...] | None
    listed: frozenset[str] | None = None

    def file(self, path: str) -> File:
        """The record of a path; one that the probe does not collect is unknown, never absent."""
        return self.files.get(path) or File(path, error=NOT_COLLECTED)

    def text(self, path: str) -> str | None:
        """The text of a file, or null when there is none or it could not be read."""
        return self.file(path).text

    def below(self, directory: str, suffix: str = "") -> list[File]:
        """The recorded files directly in a directory, by name."""
        return [file for file in self._by_directory.get(directory.rstrip("/"), ()) if file.path.endswith(suffix)]

    @cached_property
    def _by_directory(self) -> Mapping[str, list[File]]:
        """The files of each directory by name: rules ask for hundreds of directories."""
        found: dict[str, list[File]] = {}
        for path in sorted(self.files):
            found.setdefault(path.rpartition("/")[0], []).append(self.files[path])
        return found

    def lists(self, directory: str) -> bool:
        """Whether there are no other files in a directory than those that below() gives."""
        return self.listed is None or directory.rstrip("/") in self.listed

    def command(self, *argv: str) -> Command | None:
        """The first recorded command that starts with these words."""
        return next((run for run in self.commands if run.argv[: len(argv)] == argv), None)

    def mount_of(self, path: str) -> Mount | None:
        """The mount point that holds a path: the longest that is a parent of it."""
        holders = [m for m in self.mounts if (path + "/").startswith(m.point.rstrip("/") + "/")]
        return max(holders, key=lambda mount: len(mount.point), default=None)


def load(text: str, source: str = "evidence") -> Evidence:
    """Evidence from the probe's JSON. Raises UserError when it is not of this schema."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise UserError(f"{source} is not the probe's JSON: {error}") from error
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise UserError(f"{source} is not evidence of schema {SCHEMA}", "Record it again with this version.")
    try:
        return from_raw(raw)
    except (AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{source} is not whole evidence: {error!r}", "Record it again.") from error


def from_raw(raw: Mapping[str, Any]) -> Evidence:
    """Evidence from the probe's dictionary."""
    log = raw["kernel_log"]
    return Evidence(
        live=raw["live"],
        euid=raw["euid"],
        machine=raw["machine"],
        collected_at=raw["collected_at"],
        files={path: _file(path, record) for path, record in raw["files"].items()},
        directories=raw["directories"],
        mounts=tuple(_mount(point, record) for point, record in raw["mounts"].items()),
        commands=tuple(_command(record) for record in raw["commands"]),
        kernel_log=tuple(log["lines"]) if "lines" in log else None,
        listed=frozenset(raw["listed"]) if "listed" in raw else None,
    )


def _file(path: str, record: Mapping[str, Any]) -> File:
    return File(
        path=path,
        error=record.get("error"),
        text=record.get("text"),
        sha256=record.get("sha256"),
        mode=record.get("mode"),
        size=record.get("size"),
        mtime=record.get("mtime"),
        link=record.get("link"),
        link_target_exists=record.get("exists", True),
    )


def _mount(point: str, record: Mapping[str, Any]) -> Mount:
    options = tuple(record["options"].split(","))
    return Mount(point, options, record.get("free"), record.get("source", ""), record.get("type", ""))


def _command(record: Mapping[str, Any]) -> Command:
    return Command(tuple(record["argv"]), record.get("rc"), record.get("out", ""), record.get("err", ""))
