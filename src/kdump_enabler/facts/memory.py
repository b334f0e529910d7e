"""How much RAM crashkernel= ranges are compared with: all System RAM, not MemTotal."""

from __future__ import annotations

import re

from ..evidence import Evidence

SYSTEM_RAM = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM$", re.MULTILINE)
FIELD = re.compile(r"^(\w+(?:\(\w+\))?):\s+(\d+) kB$", re.MULTILINE)


def system_ram(evidence: Evidence) -> int | None:
    """System RAM in bytes: /proc/iomem (its addresses are zero without root), else the memory blocks, else
    MemTotal plus what is reserved for the capture kernel."""
    return _iomem(evidence) or _blocks(evidence) or _meminfo(evidence)


def meminfo(evidence: Evidence) -> dict[str, int]:
    """/proc/meminfo in bytes (proc(5) prints KiB); empty when it could not be read."""
    text = evidence.text("/proc/meminfo") or ""
    return {name: int(value) * 1024 for name, value in FIELD.findall(text)}


def kernel_memory(evidence: Evidence) -> int | None:
    """Bytes in use that makedumpfile -d 31 keeps: neither free, nor cache, nor of user processes."""
    memory = meminfo(evidence)
    if "MemTotal" not in memory:
        return None
    dropped = ("MemFree", "Buffers", "Cached", "SwapCached", "AnonPages")
    return max(0, memory["MemTotal"] - sum(memory.get(name, 0) for name in dropped))


def _iomem(evidence: Evidence) -> int:
    ranges = SYSTEM_RAM.findall(evidence.text("/proc/iomem") or "")
    return sum(int(end, 16) - int(start, 16) + 1 for start, end in ranges if int(end, 16))


def _blocks(evidence: Evidence) -> int:
    size = (evidence.text("/sys/devices/system/memory/block_size_bytes") or "0").strip()
    names = evidence.directories.get("/sys/devices/system/memory", {}).get("names", ())
    return int(size, 16) * sum(1 for name in names if re.fullmatch(r"memory\d+", name))


def _meminfo(evidence: Evidence) -> int | None:
    total = meminfo(evidence).get("MemTotal")
    reserved = (evidence.text("/sys/kernel/kexec_crash_size") or "0").strip()
    return None if total is None else total + int(reserved)
