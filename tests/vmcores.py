"""Small vmcores, made from the documented layout of each format (makedumpfile's diskdump_mod.h and makedumpfile.h,
elf(5)) and from nothing that reads them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

BLOCK = 4096
CRASHED = 1795173289  # 2026-11-20 11:14:49 UTC
BUILD_ID = "eb4fbcd037e7253717950bf2b93bd5566f47c56f"
RELEASE = "6.1.0-56-amd64"
INFO = f"OSRELEASE={RELEASE}\nBUILD-ID={BUILD_ID}\nPAGESIZE=4096\nCRASHTIME={CRASHED}\n".encode()
ZLIB, LZO, INCOMPLETE = 1, 2, 8
PERIOD = 251  # after which the bytes of page() begin again
Pages = Mapping[int, bytes]


def page(words: bytes = b"", block: int = BLOCK) -> bytes:
    """A page that begins with these words."""
    return words + bytes(index * 37 % PERIOD for index in range(block - len(words)))


PAGES: Pages = {3: page(b"first"), 4: page(b"second"), 9: page(b"alone"), 20: page(b"last")}


def kdump(
    pages: Pages = PAGES,
    *,
    order: str = "<",
    block: int = BLOCK,
    packing: int = ZLIB,
    status: int = 0,
    version: int = 6,
    split: int = 0,
    machine: str = "x86_64",
    crashed: int = CRASHED,
    info: bytes = INFO,
) -> bytes:
    """A dump as `makedumpfile -c -d 31` writes it: header, sub header, two bitmaps, descriptors, data."""
    names = (name.encode().ljust(65, b"\0") for name in ("Linux", "web1", RELEASE, "#1 SMP", machine, "(none)"))
    head = b"KDUMP   " + struct.pack(order + "i", version) + b"".join(names)
    head = head.ljust(408, b"\0") + struct.pack(order + "qq", crashed, 0)
    head += struct.pack(order + "IiiIIIIIIi", packing | status, block, 1, 2, 64, len(pages), 0, len(pages), 0, 2)
    notes = block + 104  # the notes lie behind the sub header, in its block
    sub = struct.pack(
        order + "QiiQQQQQQQQQQQ", 0, 31, split, 0, 64, notes, len(info), notes, len(info), 0, 0, 0, 64, 64
    )
    bits = sum(1 << number for number in pages).to_bytes(block, "little")
    descriptors, data, place = b"", b"", 4 * block + 24 * len(pages)
    for _, content in sorted(pages.items()):
        packed = PACKERS[packing](content) if packing in PACKERS else content
        flags = packing if len(packed) < block or packing != ZLIB else 0
        descriptors += struct.pack(order + "QIIQ", place + len(data), len(packed), flags, 0)
        data += packed
    return head.ljust(block, b"\0") + (sub + info).ljust(block, b"\0") + b"\xff" * block + bits + descriptors + data


def lzo(content: bytes) -> bytes:
    """An LZO1X stream of two instructions: the bytes until they repeat as those of page() do, and a match for the rest
    (Documentation/staging/lzo.rst of the kernel)."""
    start = next(n for n in range(PERIOD, len(content)) if content[n:] == content[n - PERIOD : -PERIOD])
    literals = b"\0" + lzo_length(start - 3 - 15) + content[:start]
    match = b"\x20" + lzo_length(len(content) - start - 2 - 31) + struct.pack("<H", PERIOD - 1 << 2)
    return literals + match + b"\x11\0\0"


def lzo_length(length: int) -> bytes:
    """A length that does not fit into the instruction."""
    zeros, last = divmod(length - 1, 255)
    return bytes(zeros) + bytes([last + 1])


PACKERS: Mapping[int, Callable[[bytes], bytes]] = {ZLIB: zlib.compress, LZO: lzo}


def elf(
    memory: Iterable[bytes] = PAGES.values(),
    *,
    order: str = "<",
    machine: int = 62,
    flags: int = 0,
    kind: int = 4,
    info: bytes = INFO,
) -> bytes:
    """A dump as `makedumpfile -E` writes it, and as /proc/vmcore is: headers, notes, memory."""
    parts = [note(order, b"CORE", 1, b"\0" * 336) * 2 + note(order, b"VMCOREINFO", 0, info), *memory]
    ident = b"\x7fELF\2" + (b"\1" if order == "<" else b"\2") + b"\1".ljust(10, b"\0")
    head = ident + struct.pack(order + "HHIQQQIHHHHHH", kind, machine, 1, 0, 64, 0, flags, 64, 56, len(parts), 0, 0, 0)
    place, programs = 64 + 56 * len(parts), b""
    for number, part in enumerate(parts):
        programs += struct.pack(order + "IIQQQQQQ", 1 if number else 4, 0, place, 0, 0, len(part), len(part), 0)
        place += len(part)
    return head + programs + b"".join(parts)


def note(order: str, name: bytes, kind: int, content: bytes) -> bytes:
    """An ELF note; name and content are filled up to words."""
    head = struct.pack(order + "III", len(name) + 1, len(content), kind)
    return head + name.ljust((len(name) + 4) // 4 * 4, b"\0") + content.ljust((len(content) + 3) // 4 * 4, b"\0")


def flattened(content: bytes, size: int = 1000) -> bytes:
    """The file as a stream of records of this size, as `makedumpfile -F` sends it: not in the order of the file, and
    one place twice, of which the second counts."""
    starts = list(range(0, len(content), size))
    records = [(0, b"KDUMP   nonsense"), *((start, content[start : start + size]) for start in starts[::2])]
    records += [(start, content[start : start + size]) for start in starts[1::2]]
    head = b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1)
    return head.ljust(4096, b"\0") + records_of(records) + struct.pack(">qq", -1, -1)


def records_of(records: Iterable[tuple[int, bytes]]) -> bytes:
    """Records of a flattened file: the place in the file that they amount to, and what belongs there."""
    return b"".join(struct.pack(">qq", start, len(part)) + part for start, part in records)


def written(path: Path, content: bytes) -> str:
    """The path of a file with this content, in a directory that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)
