"""How much RAM a machine has, from what may be read of it."""

from __future__ import annotations

import pytest

from kdump_enabler import evidence
from kdump_enabler.facts import memory
from tests.unit.building import GIB, MIB, raw

IOMEM = """\
00000000-00000fff : Reserved
00001000-0009ffff : System RAM
00100000-7fffffff : System RAM
  01000000-01ffffff : Kernel code
  77000000-7effffff : Crash kernel
100000000-13fffffff : System RAM
140000000-14fffffff : System RAM (kmem)
"""
HIDDEN = "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n00000000-00000000 : System RAM\n"
MEMINFO = (
    "MemTotal:        1000000 kB\nMemFree:          400000 kB\nBuffers:   10000 kB\nCached: 90000 kB\n"
    "AnonPages: 100000 kB\n"
)
FROM_IOMEM = (0xA0000 - 0x1000) + (0x80000000 - 0x100000) + GIB


def ram(iomem: str | None, blocks: int, meminfo: str | None, reserved: str | None) -> int | None:
    texts = {
        "/proc/iomem": iomem,
        "/proc/meminfo": meminfo,
        "/sys/kernel/kexec_crash_size": reserved,
        "/sys/devices/system/memory/block_size_bytes": "8000000\n" if blocks else None,  # hexadecimal, as sysfs has it
    }
    made = raw({path: text for path, text in texts.items() if text is not None})
    made["directories"]["/sys/devices/system/memory"] = {
        "names": ["block_size_bytes", "power", "uevent", *(f"memory{number}" for number in range(blocks))]
    }
    return memory.system_ram(evidence.from_raw(made))


@pytest.mark.parametrize(
    ("iomem", "blocks", "meminfo", "reserved", "size"),
    [
        (IOMEM, 32, MEMINFO, "0\n", FROM_IOMEM),
        (HIDDEN, 32, MEMINFO, "0\n", 4 * GIB),  # without root the addresses are zero
        (None, 32, MEMINFO, "0\n", 4 * GIB),
        (HIDDEN, 0, MEMINFO, "134217728\n", 1000000 * 1024 + 128 * MIB),  # MemTotal leaves the reservation out
        (HIDDEN, 0, MEMINFO, None, 1000000 * 1024),
        (HIDDEN, 0, None, "0\n", None),
        (None, 0, "garbage\n", None, None),
    ],
)
def test_system_ram(
    iomem: str | None, blocks: int, meminfo: str | None, reserved: str | None, size: int | None
) -> None:
    assert ram(iomem, blocks, meminfo, reserved) == size


def test_kernel_memory_is_what_a_dump_keeps() -> None:
    """Level 31 drops free pages, both caches and user data (makedumpfile(8)): 400 000 kB of 1 000 000 stay."""
    assert memory.kernel_memory(evidence.from_raw(raw({"/proc/meminfo": MEMINFO}))) == 400000 * 1024


def test_kernel_memory_unseen() -> None:
    assert memory.kernel_memory(evidence.from_raw(raw())) is None
