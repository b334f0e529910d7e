"""What a crash on purpose proved, and whether that still holds: a proof is bound to what it was made with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..evidence import File
from ..facts.crashkernel import MIB
from ..facts.proofs import SCHEMA

if TYPE_CHECKING:
    from ..facts.machine import Facts

PROVEN = "proven"
DAY = 24 * 60 * 60
STAMP = "%Y-%m-%dT%H:%M:%SZ"
MEMORY_TOLERANCE = 0.1  # firmware, and a login without rights, see a little more or less of the same RAM
MEMORY = "memory"


class State(str, Enum):
    """The standing of a machine's last proof."""

    NEVER = "never"
    UNFINISHED = "unfinished"
    FAILED = "failed"
    STALE = "stale"
    PROVEN = "proven"


@dataclass(frozen=True)
class Standing:
    """`at` is when the proof ended (begun, for an unfinished one), UTC in ISO 8601; `age_seconds` by the machine's
    clock; `changed` names what is another than the proof was made with, with both values. `outcome` as the proof
    noted it: kind, sentence, line, dump, seconds."""

    state: State
    at: str | None = None
    age_seconds: int | None = None
    changed: tuple[str, ...] = ()
    outcome: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The standing as the result document holds it."""
        return asdict(self) | {"state": self.state.value, "changed": list(self.changed)}


def standing(facts: Facts) -> Standing:
    """What the last proof of this machine is worth now."""
    note = facts.proof
    if note is None:
        return Standing(State.NEVER)
    if note.outcome is None:
        return Standing(State.UNFINISHED, note.begun_at, _age(facts, note.begun_at))
    changed, ended = tuple(_changed(note.bindings, bindings(facts))), str(note.outcome["ended_at"])
    good = note.outcome["kind"] == PROVEN
    state = State.STALE if changed else State.PROVEN if good else State.FAILED
    return Standing(state, ended, _age(facts, ended), changed, note.outcome)


def bindings(facts: Facts) -> dict[str, Any]:
    """What a proof depends on, by the words that people are told; what could not be seen is left out."""
    initrd = facts.capture_initrd
    found = {
        "kernel": facts.kernel,
        "kernel build": facts.build_id,
        "reserved memory": None if facts.reserved_bytes is None else _mib(facts.reserved_bytes),
        "capture initrd": _version(initrd) if initrd else None,
        "kdump configuration": _digest(facts),
        "dump target": _target(facts),
        "makedumpfile": (facts.packages or {}).get("makedumpfile"),
        MEMORY: facts.memory_bytes,
    }
    return {name: value for name, value in found.items() if value is not None}


def note(facts: Facts, identifier: str) -> dict[str, Any]:
    """What a crash on purpose needs to know of the machine: its `id`, the `note` that is kept of it, and the unit that
    writes the dump, whose memory is to be watched (`watch`)."""
    begun = datetime.fromtimestamp(facts.evidence.collected_at, timezone.utc)
    kept = {"schema": SCHEMA, "begun_at": f"{begun:{STAMP}}", "bindings": bindings(facts)}
    place = {"directory": facts.dump_directory.path, "reserved_bytes": facts.reserved_bytes}
    watch = facts.platform.dump_unit if facts.platform else ""
    return {"id": identifier, "note": kept | place, "watch": watch}


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    differing = (name for name in now if name in then and not _alike(name, then[name], now[name]))
    return [f"{name}: {_shown(name, then[name])} then, {_shown(name, now[name])} now" for name in differing]


def _alike(name: str, then: Any, now: Any) -> bool:
    return abs(then - now) <= MEMORY_TOLERANCE * then if name == MEMORY else bool(then == now)


def _shown(name: str, value: Any) -> str:
    return _mib(value) if name == MEMORY else str(value)


def _mib(size_bytes: int) -> str:
    return f"{size_bytes // MIB} MiB"


def _version(file: File) -> str | None:
    """What tells one build of a file from the next; to read tens of MiB at each look would cost more than the rest."""
    if file.size is None or file.mtime is None:
        return None
    return f"{file.size} bytes of {datetime.fromtimestamp(file.mtime, timezone.utc):{STAMP}}"


def _digest(facts: Facts) -> str | None:
    """A digest of the files that say how a dump is made: the configuration, and drop-ins of the unit that dumps."""
    if facts.platform is None:
        return None
    dropins = facts.evidence.below(f"/etc/systemd/system/{facts.platform.dump_unit}.d", ".conf")
    config = [facts.evidence.file(path) for path in (facts.platform.config, *facts.platform.more_config)]
    parts = [f"{file.path} {file.sha256}" for file in (*config, *dropins)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _target(facts: Facts) -> str:
    """Where dumps go: a server, or a directory on a device."""
    mount = facts.evidence.mount_of(facts.dump_directory.real)
    remote = [target.written for target in facts.config.targets]
    return " ".join([*remote, facts.dump_directory.real, *([f"on {mount.source}"] if mount and mount.source else [])])


def _age(facts: Facts, at: str) -> int | None:
    try:
        since = datetime.strptime(at, STAMP).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return max(0, facts.evidence.collected_at - int(since.timestamp()))
