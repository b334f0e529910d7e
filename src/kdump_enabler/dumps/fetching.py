"""Which dumps of a host may be fetched, under which names, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from ..errors import UserError
from ..verdict import worst_exit_code

SETTLED_SECONDS = 60  # since the last write to a file; makedumpfile writes all the time until it is done
PART = ".part"
PIECE = 8 << 20  # bytes fetched at a time: larger ones were no faster, and take memory five times
THERE, FETCHED, SKIPPED, FAILED = "there", "fetched", "skipped", "failed"
NOT_HERE = 1  # exit code; as the help says
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Fetched:
    """What became of one file of a dump: `state` is there (it was already), fetched, skipped or failed. `to` is its
    path here; sizes in bytes, of which `transferred_bytes` came over the network now; `sentence` says why it is not
    here, or what else is to be known."""

    path: str
    to: str | None
    state: str
    size_bytes: int | None = None
    transferred_bytes: int = 0
    sha256: str | None = None
    sentence: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As the result document holds it."""
        return asdict(self)


def is_settled(mtime: float, now: float) -> bool:
    """Whether a file is not being written to, by the host's clock (seconds). A time far in the future is that of a
    capture kernel with another idea of the clock, not of a write that goes on."""
    return abs(now - mtime) >= SETTLED_SECONDS


def objection(record: Record, mtime: float, now: float, unfinished_too: bool) -> str:
    """Why a dump is not fetched; empty when it is. Times in seconds, by the host's clock."""
    if record["path"] is None:
        return record["reason"] or "there is no vmcore"
    if unfinished_too:
        return ""
    if not is_settled(mtime, now):
        return "it may still be written, as it changed less than a minute ago"
    return "" if record["complete"] else f"not all of it is there, or that cannot be told: {record['reason']}"


def way(host: str, directory: str, path: str) -> tuple[str, str, str]:
    """The names that a file gets here: of its host, of the directory that it is in there, and its own. Raises UserError
    for a name that leads elsewhere: the last two are what the host says."""
    names = (host, PurePosixPath(directory).name, PurePosixPath(path).name)
    for name in names:
        if name in ("", ".", "..") or "/" in name or not name.isprintable() or name.endswith(PART):
            raise UserError(f"{name!r} is no name for a file here", "Rename it on the host, or copy it by hand.")
    return names


def exit_code(hosts: Iterable[Record]) -> int:
    """1 when something that was asked for is not here; of hosts in trouble their own; 2 for one that was not seen."""
    return worst_exit_code(_code(host) for host in hosts)


def _code(host: Record) -> int:
    if "trouble" in host:
        return int(host["exit_code"])
    found = host.get("fetched")
    if found is None:
        return 2
    return NOT_HERE if any(one["state"] in (SKIPPED, FAILED) for one in found) else 0
