"""The dumps of a host, as vmcore/ answered there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from .. import vmcore
from ..errors import UserError
from ..verdict import worst_exit_code

LATEST = vmcore.LATEST
INCOMPLETE, UNSEEN = 1, 2  # exit codes; as docs/dumps.md says
NONE = type(None)
KINDS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, NONE),
    "int | None": (int, NONE),
    "bool | None": (bool, NONE),
    "tuple[str, ...] | None": (tuple, NONE),
}
PROOF, REAL = "proof", "real"


@dataclass(frozen=True)
class Vmcore:
    """One dump. Sizes are bytes, times UTC in ISO 8601; null is what could not be seen. `path` is null when there is no
    vmcore: with `complete` false it is missing, with null nobody could look. `open_to_others`: a user without rights
    gets to it. `proof_id` is the word of a crash on purpose in its log, empty for none. What the header says begins
    with `format`; `reason` is why it is not `complete`."""

    directory: str
    path: str | None
    size_bytes: int | None
    allocated_bytes: int | None
    written_at: str | None
    mode: int | None
    uid: int | None
    gid: int | None
    open_to_others: bool | None
    log: str | None
    log_bytes: int | None
    log_written_at: str | None
    proof_id: str | None
    format: str | None
    kernel: str | None
    build_id: str | None
    crashed_at: str | None
    dump_level: int | None
    cpus: int | None
    machine: str | None
    node: str | None
    compression: str | None
    vmcoreinfo_bytes: int | None
    complete: bool | None
    reason: str | None

    def __post_init__(self) -> None:
        """Raise TypeError for a value of another kind: a host may answer anything."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, KINDS[str(field.type)]):
                raise TypeError(f"{field.name}: {value!r}")


@dataclass(frozen=True)
class ShownVmcore(Vmcore):
    """A dump that was asked for by name, with the last lines of its kernel log and the one that names the panic."""

    log_tail: tuple[str, ...] | None
    panic: str | None


def request(directories: Iterable[str], path: str = "", named: bool = False) -> dict[str, Any]:
    """What to ask the reader: for all dumps in these directories, or for one by its path or `latest`. `named`: somebody
    typed them, so that one that is not there is worth a word."""
    asked = {"do": "show", "path": path} if path else {"do": "list"}
    return {**asked, "directories": list(directories), **({"named": True} if named else {})}


def load(text: str) -> tuple[Vmcore, ...]:
    """The dumps from the reader's JSON, the newest first. Raises UserError when it is something else."""
    try:
        return from_raw(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"The answer about dumps makes no sense: {error!r}") from error


def from_raw(answer: Mapping[str, Any]) -> tuple[Vmcore, ...]:
    """The dumps from the reader's answer, the newest first."""
    return tuple(_vmcore(dict(record)) for record in answer["vmcores"])


def _vmcore(record: dict[str, Any]) -> Vmcore:
    if "log_tail" not in record:
        return Vmcore(**record)
    lines = record.pop("log_tail")
    return ShownVmcore(**record, log_tail=None if lines is None else tuple(map(str, lines)))


def as_records(vmcores: Iterable[Vmcore]) -> list[dict[str, Any]]:
    """The dumps as the result document holds them."""
    return [asdict(found) for found in vmcores]


def here(directories: Iterable[str], path: str = "") -> list[dict[str, Any]]:
    """The records of this machine's dumps."""
    return as_records(from_raw(vmcore.answer(request(directories, path))))


def with_origins(records: Iterable[Mapping[str, Any]], proof: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The records with `origin`; `proof` is the host's as the result document holds it."""
    return [{**record, "origin": origin(record, proof)} for record in records]


def origin(record: Mapping[str, Any], proof: Mapping[str, Any] | None) -> str | None:
    """Whether a dump is of a crash on purpose or a real one; null where neither its log nor the host's proof tells."""
    proven = (proof["outcome"].get("dump") or {}).get("path") if proof else None
    if record["proof_id"] or (proven and record["path"] == proven):
        return PROOF
    is_dump = record["complete"] is not None or record["format"] is not None
    seen = record["proof_id"] is not None or (is_dump and proof is not None and proof["state"] == "never")
    return REAL if seen else None


def exit_code(hosts: Iterable[Mapping[str, Any]]) -> int:
    """1 when a dump of these records of hosts is incomplete or missing; 2 when a host or a dump could not be seen."""
    return worst_exit_code(code for host in hosts for code in _codes(host["vmcores"]))


def _codes(records: Iterable[Mapping[str, Any]] | None) -> Iterable[int]:
    meanings = {True: 0, False: INCOMPLETE, None: UNSEEN}
    return [UNSEEN] if records is None else [meanings[record["complete"]] for record in records]
