"""The kernel log in the memory of a dump: found by what the kernel says of itself, through its own page tables.

Real logs are searched in the system tier.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from kdump_enabler import vmcore
from kdump_enabler.vmcore import kernel_log
from kdump_enabler.vmcore.basics import Clock, UnclearError
from kdump_enabler.vmcore.files import File
from kdump_enabler.vmcore.reading import HEADER_KEYS, opened
from tests import vmcores
from tests.vmcores import BLOCK, page, written

IMAGE, DIRECT = 0xFFFFFFFF80000000, 0xFFFF888000000000
TOP, UPPER, MIDDLE, LOWER, IMAGE_UPPER, IMAGE_MIDDLE, DATA = range(16, 23)  # page frames
PHYS_BASE = 4 * BLOCK
LOG_FRAMES = (40, 31)  # next to each other for the kernel only
NEEDLE = b"kdump-enabler: crash on purpose, 5f0c7a9e"
LOG = (b"x" * (BLOCK - 10) + NEEDLE).ljust(2 * BLOCK, b"y")
RING, SIZE_BITS, RING_DATA = 48, 0, 8  # offsets
ALWAYS = {
    "SYMBOL(swapper_pg_dir)": f"{IMAGE + TOP * BLOCK - PHYS_BASE:x}",
    "NUMBER(phys_base)": str(PHYS_BASE),
}
SINCE_5_10 = {
    "SYMBOL(prb)": f"{IMAGE + DATA * BLOCK:x}",
    "OFFSET(printk_ringbuffer.text_data_ring)": str(RING),
    "OFFSET(prb_data_ring.size_bits)": str(SIZE_BITS),
    "OFFSET(prb_data_ring.data)": str(RING_DATA),
}
BEFORE = {
    "SYMBOL(log_buf)": f"{IMAGE + DATA * BLOCK + 512:x}",
    "SYMBOL(log_buf_len)": f"{IMAGE + DATA * BLOCK + 520:x}",
}


def table(*entries: tuple[int, int]) -> bytes:
    """A page table that has these entries."""
    found = bytearray(BLOCK)
    for index, entry in entries:
        struct.pack_into("<Q", found, 8 * index, entry)
    return bytes(found)


def leads_to(frame: int) -> int:
    """An entry: present, writable, accessed, never executed."""
    return frame * BLOCK | 0x23 | 1 << 63


def memory(bits: int = 13, log_frames: tuple[int, ...] = LOG_FRAMES) -> dict[int, bytes]:
    """The pages of a machine: the kernel's data in a page of 2 MiB, its log in pages of 4 KiB."""
    data = bytearray(BLOCK)
    struct.pack_into("<Q", data, 0, IMAGE + DATA * BLOCK + 64)
    struct.pack_into("<I4xQ", data, 64 + RING, bits, DIRECT)
    struct.pack_into("<QI", data, 512, DIRECT, 1 << min(bits, 31))
    return {
        TOP: table((DIRECT >> 39 & 511, leads_to(UPPER)), (511, leads_to(IMAGE_UPPER))),
        UPPER: table((0, leads_to(MIDDLE))),
        MIDDLE: table((0, leads_to(LOWER))),
        LOWER: table(*((number, leads_to(frame)) for number, frame in enumerate(log_frames))),
        IMAGE_UPPER: table((510, leads_to(IMAGE_MIDDLE))),
        IMAGE_MIDDLE: table((0, 0x1E3 | 1 << 63)),
        DATA: bytes(data),
        **{frame: LOG[BLOCK * n : BLOCK * (n + 1)] for n, frame in enumerate(log_frames)},
    }


def info(words: dict[str, str]) -> bytes:
    """VMCOREINFO with these words."""
    return vmcores.INFO + "".join(f"{name}={value}\n" for name, value in words.items()).encode()


@pytest.mark.parametrize("order", [SINCE_5_10, BEFORE], ids=["since 5.10", "before"])
@pytest.mark.parametrize("name", ["kdump", "flattened"])
def test_the_log(name: str, order: dict[str, str], tmp_path: Path) -> None:
    dump = vmcores.kdump(memory(), packing=0, info=info({**ALWAYS, **order}))
    path = written(tmp_path / "x", vmcores.flattened(dump) if name == "flattened" else dump)
    with File(path) as file:
        assert kernel_log.kernel_log(opened(file, dict.fromkeys(HEADER_KEYS), Clock(5))) == LOG
    assert vmcore.contains(path, NEEDLE) == {"found": True, "reason": ""}
    assert vmcore.contains(path, b"not in it") == {"found": False, "reason": ""}


def test_other_memory_is_not_the_log(tmp_path: Path) -> None:
    """A program's memory may hold the text, too: of this crash, and of an older one."""
    dump = vmcores.kdump({**memory(), 60: page(b"elsewhere")}, packing=0, info=info({**ALWAYS, **SINCE_5_10}))
    assert vmcore.contains(written(tmp_path / "x", dump), b"elsewhere")["found"] is False


NOT_FOUND = {
    "another machine": ({}, {}, {"machine": "aarch64"}),
    "a word that is none": ({}, {"SYMBOL(prb)": "here"}, {}),
    "no phys_base": ({}, {"NUMBER(phys_base)": ""}, {}),
    "nothing mapped there": ({}, {"SYMBOL(prb)": "ffffffffc0000000"}, {}),
    "a level too many": ({}, {"NUMBER(pgtable_l5_enabled)": "1"}, {}),
    "an impossible size": ({"bits": 60}, {}, {}),
    "more than there is": ({"bits": 14}, {}, {}),
    "a page that was left out": ({"log_frames": (40, 900)}, {}, {}),
}


@pytest.mark.parametrize("name", NOT_FOUND)
def test_a_log_that_is_not_found_is_looked_for_everywhere(name: str, tmp_path: Path) -> None:
    changes, words, header = NOT_FOUND[name]
    pages = {frame: content for frame, content in memory(**changes).items() if frame != 900}  # type: ignore[arg-type]
    pages[61] = page(NEEDLE)
    dump = vmcores.kdump(pages, packing=0, info=info({**ALWAYS, **SINCE_5_10, **words}), **header)  # type: ignore[arg-type]
    path = written(tmp_path / "x", dump)
    with File(path) as file, pytest.raises(UnclearError):
        kernel_log.kernel_log(opened(file, dict.fromkeys(HEADER_KEYS), Clock(5)))
    assert vmcore.contains(path, NEEDLE)["found"] is True
