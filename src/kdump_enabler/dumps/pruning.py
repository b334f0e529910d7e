"""Which dumps of a host go, and why each of the others stays. Pure: the removal is kdump.enabler.remove_dumps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import Any

from ..errors import UserError
from ..verdict import worst_exit_code
from ..vmcore.finding import README, STAMPED
from .fetching import is_settled

DAY = 24 * 60 * 60
ABANDONED_SECONDS = 60 * 60  # since the last write to a dump that is not whole: a slow target may stall a dump
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
TIME = "%Y-%m-%dT%H:%M:%SZ"
STAMP = re.compile(r"[0-9]{12}|[0-9]{4}(?:-[0-9]{2}){2}")
LEFT = 1  # exit code; as the help says
Record = Mapping[str, Any]
Versions = Mapping[str, Sequence[int] | None]


@dataclass(frozen=True)
class Limits:
    """What may stay; null is no limit. `keep` dumps of each machine, none older than a number of days, no more than
    `max_bytes` on the disk in all."""

    keep: int | None = None
    older_than_days: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True)
class Decision:
    """About one dump: its vmcores (several where SUSE's kdump split it) with what lies beside them. `bytes` is what all
    of it takes on the disk, `files` what would be removed. After a removal: whether it was `removed`, or why it is
    `left` although it was to go."""

    directory: str
    paths: tuple[str, ...]
    bytes: int
    goes: bool
    reason: str
    files: tuple[str, ...]
    removed: bool = False
    left: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As the result document holds it."""
        return asdict(self)


@dataclass(frozen=True)
class _Dump:
    """The records of one dump. `at` is when it was made, in seconds; `machine` what tells it from others whose dumps
    are in the same place."""

    records: tuple[Record, ...]
    machine: tuple[str, ...]
    at: float
    files: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        return any(record["complete"] for record in self.records)

    @property
    def bytes(self) -> int:
        logs = {record["log"]: record["log_bytes"] or 0 for record in self.records if record["log"]}
        return sum(record["allocated_bytes"] or 0 for record in self.records) + sum(logs.values())


def limits(keep: object = None, older_than_days: object = None, max_bytes: object = None) -> Limits:
    """The limits as they were typed; sizes such as 500M or 2G. Raises UserError for what makes no sense, or is none."""
    found = Limits(
        _number("--keep", keep),
        _number("--older-than", older_than_days),
        None if max_bytes in (None, "") else size(str(max_bytes)),
    )
    if found == Limits():
        raise UserError("Nothing says which dumps may go", "Give --keep, --older-than or --max-bytes.")
    return found


def size(text: str) -> int:
    """Bytes of a size such as 500M. Raises UserError."""
    match = re.fullmatch(r"([0-9]+)([KMGT]?)", text.strip().upper())
    if not match:
        raise UserError(f"--max-bytes {text} is no size", "Examples: 500M, 20G.")
    return int(match[1]) * UNITS[match[2]]


def _number(name: str, value: object) -> int | None:
    if value in (None, ""):
        return None
    if not re.fullmatch(r"[0-9]+", str(value)):
        raise UserError(f"{name} {value} is no number", "Give a whole number, from 0 on.")
    return int(str(value))


def looked_at(records: Iterable[Record]) -> list[str]:
    """The files of dumps whose versions decide() needs."""
    return sorted({path for record in records for path in _files(record)})


def decide(
    records: Sequence[Record], versions: Versions, now: float, proof: Record | None, limit: Limits
) -> list[Decision]:
    """A decision for each dump, the newest first. `versions` of files as pieces.py tells them, `now` in seconds by the
    host's clock, `proof` the host's as the result document holds it."""
    dumps = sorted(_dumps(records, versions), key=lambda dump: dump.at, reverse=True)
    stays = {id(dump): reason for dump in dumps if (reason := _protection(dump, dumps, versions, now, proof))}
    goes = _over_limit(dumps, stays, now, limit)
    return [
        Decision(
            directory=dump.records[0]["directory"],
            paths=tuple(record["path"] for record in dump.records if record["path"]),
            bytes=dump.bytes,
            goes=id(dump) in goes,
            reason=goes.get(id(dump)) or stays.get(id(dump)) or "it is within the limits",
            files=dump.files,
        )
        for dump in dumps
    ]


def removals(decisions: Iterable[Decision], versions: Versions) -> list[dict[str, Any]]:
    """What kdump.enabler.remove_dumps is asked for: files with size and mtime, and whether their directory goes too."""
    return [
        {
            "directory": one.directory,
            "own_directory": is_stamped(one.directory),
            "files": [
                {"path": path, "size": version[0], "mtime_ns": version[1]}
                for path in one.files
                if (version := versions[path])
            ],
        }
        for one in decisions
        if one.goes
    ]


def done(decided: Iterable[Record], removed: Iterable[str], left: Mapping[str, str]) -> list[dict[str, Any]]:
    """The decisions with what kdump.enabler.remove_dumps returned."""
    gone = set(removed)
    return [
        {**one, "removed": bool(one["goes"] and one["files"] and gone.issuperset(one["files"]))}
        | {"left": left.get(one["files"][-1], "") if one["files"] else ""}
        for one in decided
    ]


def exit_code(hosts: Iterable[Record]) -> int:
    """1 when a dump that was to go is still there; of hosts in trouble their own; 2 for one that was not seen."""
    return worst_exit_code(_code(host) for host in hosts)


def _code(host: Record) -> int:
    if "trouble" in host:
        return int(host["exit_code"])
    if host.get("pruned") is None:
        return 2
    return LEFT if any(one["left"] for one in host["pruned"]) else 0


def is_stamped(directory: str) -> bool:
    """Whether a directory is that of one dump."""
    return bool(STAMPED.fullmatch(PurePosixPath(directory).name))


def _files(record: Record) -> Iterator[str]:
    """The files of a dump, in the order in which they go: what is cut short leaves a vmcore, which is seen again."""
    if is_stamped(record["directory"]):
        yield f"{record['directory']}/{README}"
    yield from filter(None, (record["log"], record["path"]))


def _dumps(records: Iterable[Record], versions: Versions) -> Iterator[_Dump]:
    """The dumps, of which each is one record, or all records of a directory of its own."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        key = record["log"] or record["path"]  # the parts of one that was split have one log
        groups.setdefault(record["directory"] if is_stamped(record["directory"]) or not key else key, []).append(record)
    for group in groups.values():
        files = dict.fromkeys(path for record in group for path in _files(record) if versions.get(path))
        ordered = sorted(files, key=lambda path: path in {record["path"] for record in group})
        at = max(_seconds(record["crashed_at"] or record["written_at"]) for record in group)
        yield _Dump(tuple(group), _machine(group), at, tuple(ordered))


def _machine(group: Sequence[Record]) -> tuple[str, ...]:
    """What tells the machine: its own name, and where the dump lies, which may hold the address it came from. Two that
    are one only let more dumps stay."""
    first = group[0]
    own = is_stamped(first["directory"])
    place = PurePosixPath(first["directory"] if own else first["path"] or first["log"] or first["directory"])
    node = next((record["node"] for record in group if record["node"]), "")
    return node, str(place.parent), STAMP.split(place.name, maxsplit=1)[0]


def _seconds(text: str | None) -> float:
    return datetime.strptime(text, TIME).replace(tzinfo=timezone.utc).timestamp() if text else 0.0


def _protection(dump: _Dump, dumps: Sequence[_Dump], versions: Versions, now: float, proof: Record | None) -> str:
    """Why a dump stays whatever the limits say; empty when they decide."""
    for record in dump.records:
        if record["path"] is None:
            return "there is no vmcore to remove"
        if record["complete"] is None or record["format"] is None:
            return f"it is not known to be a dump: {record['reason']}"
        if not _is_as_seen(record, versions):
            return "it changes"
        mtime = (versions[record["path"]] or (0, 0))[1] / 1e9
        if not is_settled(mtime, now) or (not record["complete"] and abs(now - mtime) < ABANDONED_SECONDS):
            return "it may still be written"
    if proof is None or proof["state"] == "unfinished":
        return (
            "what a crash on purpose left was not looked at yet" if proof else "nobody could see what it is a proof of"
        )
    if (proof["outcome"].get("dump") or {}).get("path") in {record["path"] for record in dump.records}:
        return "it is the proof of this host"
    same = [other for other in dumps if other.machine == dump.machine]
    complete = [other for other in same if other.is_complete]
    if dump is (complete or same)[0]:
        return "it is the last complete dump of its machine" if complete else "it is the last dump of its machine"
    return ""


def _is_as_seen(record: Record, versions: Versions) -> bool:
    """Whether the vmcore and its log have the size that the reader saw."""
    sizes = {record["path"]: record["size_bytes"]} | ({record["log"]: record["log_bytes"]} if record["log"] else {})
    return all((found := versions.get(path)) and found[0] == wanted for path, wanted in sizes.items())


def _over_limit(dumps: Sequence[_Dump], stays: Mapping[int, str], now: float, limit: Limits) -> dict[int, str]:
    """Which dumps go, with the limit that they are over."""
    goes: dict[int, str] = {}
    for dump in dumps:
        newer = [other for other in dumps[: dumps.index(dump)] if other.machine == dump.machine]
        if id(dump) in stays:
            continue
        if limit.keep is not None and len(newer) >= limit.keep:
            goes[id(dump)] = f"it is number {len(newer) + 1} of its machine, and {limit.keep} are kept"
        elif limit.older_than_days is not None and now - dump.at > limit.older_than_days * DAY:
            goes[id(dump)] = f"it is {int((now - dump.at) // DAY)} days old"
    left = sum(dump.bytes for dump in dumps if id(dump) not in goes)
    for dump in reversed(dumps):
        if limit.max_bytes is not None and left > limit.max_bytes and id(dump) not in goes and id(dump) not in stays:
            goes[id(dump)] = f"all dumps together would take {left} bytes"
            left -= dump.bytes
    return goes
