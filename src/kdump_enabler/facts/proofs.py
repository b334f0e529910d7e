"""The note of the last crash on purpose, as `prove` keeps it on the machine, and the running kernel's build id."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..evidence import Evidence

RECORD = "/var/lib/kdump-enabler/proof.json"
SIMULATION = "/var/lib/kdump-enabler/simulation.json"
SCHEMA = "kdump-enabler/proof/1"
KIB = 1024
MEMORY = "/var/lib/kdump-enabler/capture-memory"  # as plugins/module_utils/watching.py has it written
NOTES = "/sys/kernel/notes"
NT_GNU_BUILD_ID = 3  # include/uapi/linux/elf.h


@dataclass(frozen=True)
class MemoryUse:
    """The most that a capture kernel used of all that it had, in bytes."""

    used_bytes: int
    whole_bytes: int


@dataclass(frozen=True)
class Note:
    """One crash on purpose. `id` is the word that it left in the kernel log; `bindings` what the machine was like;
    `reserved_bytes` what the capture kernel had, `directory` where its dumps go, and `dumps` the vmcores that were
    there before. `outcome` is null until somebody looked at what came out; times are UTC in ISO 8601."""

    id: str
    begun_at: str
    boot_id: str
    bindings: Mapping[str, Any]
    directory: str
    reserved_bytes: int | None
    dumps: tuple[str, ...]
    outcome: Mapping[str, Any] | None

    @property
    def memory_use(self) -> MemoryUse | None:
        """What the capture kernel used while it wrote the dump; null where nobody watched that."""
        seen = (self.outcome or {}).get("capture_memory")
        if not seen:
            return None
        # What is reserved holds the kernel itself, too, and with `,high` there is more than the kernel's number says.
        whole = max(seen["total_bytes"], self.reserved_bytes or 0)
        return MemoryUse(whole - seen["least_available_bytes"], whole)


def read(evidence: Evidence, record: str = RECORD) -> Note | None:
    """The note on the machine; null when there is none, or none that can be read."""
    return load(evidence.text(record) or "")


def load(text: str) -> Note | None:
    """The note that a text is; null when it is none."""
    try:
        noted = json.loads(text)
        return Note(
            id=noted["id"],
            begun_at=noted["begun_at"],
            boot_id=noted["boot_id"],
            bindings=dict(noted["bindings"]),
            directory=noted["directory"],
            reserved_bytes=noted["reserved_bytes"],
            dumps=tuple(noted["dumps"]),
            outcome=noted["outcome"],
        )
    except (ValueError, KeyError, TypeError):
        return None


def capture_memory(evidence: Evidence, identifier: str) -> dict[str, int] | None:
    """What the capture kernel of the crash with this id had of memory, and the least of it that was available while it
    wrote the dump, in bytes; null where that was not watched. The last whole line counts."""
    lines = re.findall(rf"(?m)^{re.escape(identifier)} (\d+) (\d+)\n", evidence.text(MEMORY) or "", re.ASCII)
    if not lines:
        return None
    total, least = (int(word) * KIB for word in lines[-1])
    return {"total_bytes": total, "least_available_bytes": least}


def build_id(evidence: Evidence) -> str | None:
    """The build id of the running kernel in hex digits, from its ELF notes (elf(5), "Notes"); null when unseen."""
    data = (evidence.text(NOTES) or "").encode("utf-8", "surrogateescape")
    found = (content for name, kind, content in _notes(data) if (name, kind) == (b"GNU\0", NT_GNU_BUILD_ID))
    return next((content.hex() for content in found), None)


def _notes(data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    at = 0
    while at + 12 <= len(data):
        name_size, size, kind = struct.unpack_from("=III", data, at)
        name = at + 12
        content = name + _aligned(name_size)
        at = content + _aligned(size)
        yield data[name : name + name_size], kind, data[content : content + size]


def _aligned(size: int) -> int:
    return (size + 3) // 4 * 4
