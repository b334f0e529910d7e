"""The format of makedumpfile: its diskdump_mod.h and makedumpfile.h."""

import itertools
import struct
import sys
from array import array
from operator import add
from typing import Iterator, List, Tuple

from .basics import (
    CHUNK,
    DAMAGED,
    MISSING,
    MOST_CPUS,
    NO_ROOM,
    VMCOREINFO_CAP,
    Columns,
    IncompleteError,
    UnclearError,
    likely,
    moment,
    text,
)
from .dump import Dump
from .pages import COMPRESSIONS, unpacked

INCOMPLETE = 8  # bit of the status, by makedumpfile (DUMP_DH_COMPRESSED_INCOMPLETE)
BLOCK_SIZES = frozenset([4096, 8192, 16384, 32768, 65536])
DESCRIPTOR = 24  # bytes: offset, size and flags of the data, flags of the page
DESCRIPTORS = 16384  # read at a time
RANKED = 1 << 14  # bytes of the bitmap that are counted together


def ones(bits: int) -> int:
    """How many bits are set."""
    return bin(bits).count("1")


class Kdump(Dump):
    """The format of makedumpfile. A bitmap has a bit for each page frame of the machine; each bit that is set has a
    descriptor, in the same order, and each descriptor leads to the data of the page."""

    def read_header(self) -> None:
        """The header and the sub header, by the offsets of 64-bit machines."""
        head, record = self.header(0, 464), self.record
        order = next((sign for sign in "<>" if 0 < struct.unpack_from(sign + "i", head, 8)[0] < 256), None)
        if order is None:
            raise UnclearError("its header is of an unknown version")
        names = [text(head[12 + 65 * number : 77 + 65 * number].partition(b"\0")[0]) for number in range(6)]
        record["node"], record["kernel"], record["machine"] = names[1], names[2], names[4]
        crashed, _, status, block, sub, bitmaps = struct.unpack_from(order + "qqIiiI", head, 408)
        if block not in BLOCK_SIZES or sub < 1:
            raise UnclearError("its header is damaged, or of a 32-bit machine")
        record["crashed_at"] = moment(crashed)
        record["cpus"] = likely(struct.unpack_from(order + "i", head, 460)[0], 1, MOST_CPUS)
        record["compression"] = next((name for bit, name in COMPRESSIONS if status & bit), "none")
        self.order, self.block, self.bitmap_size = order, block, bitmaps * block // 2
        self.bitmap = (1 + sub) * block + self.bitmap_size  # the first one is of the memory that there was
        self.descriptors = self.bitmap + self.bitmap_size
        self.ranks: List[int] = []
        self._read_sub_header(struct.unpack_from(order + "i", head, 8)[0])
        if status & INCOMPLETE:
            self.doubt(IncompleteError(NO_ROOM))

    def _read_sub_header(self, version: int) -> None:
        head = self.header(self.block, 80)
        _, level, split, _, _, *places = struct.unpack(self.order + "QiiQQ6Q", head)
        self.record["dump_level"] = likely(level, 0, 31)
        if version >= 3:
            self.read_vmcoreinfo(self.source.read(places[0], min(places[1], VMCOREINFO_CAP)))
        if version >= 2 and split:
            self.doubt(UnclearError("it is one part of a dump that was split"))
        for start, size, since in zip(places[::2], places[1::2], (3, 4, 5)):
            if version >= since and not self.source.holds(start, start + size):
                self.doubt(IncompleteError("its notes are beyond the end of the file"))

    def prove(self) -> None:
        """Every descriptor leads to data that is there, and the last page can be unpacked."""
        super().prove()
        count = self._count()
        if not count:
            raise IncompleteError("it holds no page")
        data = self.descriptors + DESCRIPTOR * count
        for offsets, sizes, flags in self._descriptors(count):  # noqa: B007 - the last is asked for below
            if min(sizes) == 0 or max(sizes) > self.block or min(offsets) < data or max(offsets) > sys.maxsize:
                raise IncompleteError("a page of it was never written")
            ends = array("Q", map(add, offsets, sizes))
            in_one_go = self.source.holds(min(offsets), max(ends))
            if not in_one_go and not all(map(self.source.holds, offsets, ends)):
                raise IncompleteError("pages of it are beyond the end of the file")
        _, fault = unpacked(self.source.read(offsets[-1], sizes[-1]), flags[-1], self.block)
        if fault == DAMAGED:
            raise IncompleteError("its last page is damaged")

    def parts(self) -> Iterator[Tuple[int, bytes, str]]:
        """The pages by their frame number."""
        frames = self._frames()
        for offsets, sizes, flags in self._descriptors(self._count()):
            for number, offset, size, flag in zip(frames, offsets, sizes, flags):
                data = self.source.read(offset, min(size, self.block))
                page, fault = unpacked(data, flag, self.block) if size == len(data) > 0 else (b"", MISSING)
                yield number, page, fault

    def at(self, address: int, size: int) -> bytes:
        """See Dump."""
        frame, inside = divmod(address, self.block)
        place = self.descriptors + DESCRIPTOR * self._index(frame)
        offset, length, flags = struct.unpack_from(self.order + "QII", self.header(place, DESCRIPTOR))
        data = self.source.read(offset, min(length, self.block))
        page, fault = unpacked(data, flags, self.block)
        if fault:
            raise UnclearError(fault)
        return page[inside : inside + size]

    def _index(self, frame: int) -> int:
        """The number of a page among those that are in the dump."""
        byte, bit = divmod(frame, 8)
        part, inside = divmod(byte, RANKED)
        bits = self.source.read(self.bitmap + part * RANKED, inside + 1)
        if byte >= self.bitmap_size or len(bits) <= inside or not bits[inside] >> bit & 1:
            raise UnclearError(MISSING)
        below = int.from_bytes(bits, "little") & ((1 << 8 * inside + bit) - 1)
        return self._ranks()[part] + ones(below)

    def _ranks(self) -> List[int]:
        """For each part of the bitmap, how many pages are before it; counted once."""
        if not self.ranks:
            self.ranks.append(0)
            for chunk in self._bitmap():
                for start in range(0, len(chunk), RANKED):
                    self.ranks.append(self.ranks[-1] + ones(int.from_bytes(chunk[start : start + RANKED], "little")))
        return self.ranks

    def _bitmap(self) -> Iterator[bytes]:
        """The bitmap of the pages that are in the dump."""
        for start in range(0, self.bitmap_size, CHUNK):
            self.clock.check()
            yield self.header(self.bitmap + start, min(CHUNK, self.bitmap_size - start))

    def _count(self) -> int:
        return self._ranks()[-1]

    def _frames(self) -> Iterator[int]:
        for start, part in zip(itertools.count(0, 8 * CHUNK), self._bitmap()):
            for index, bits in enumerate(part):
                if bits:
                    yield from (start + 8 * index + bit for bit in range(8) if bits >> bit & 1)

    def _descriptors(self, count: int) -> Iterator[Columns]:
        """Offsets, sizes and flags of the data of this many pages."""
        for first in range(0, count, DESCRIPTORS):
            self.clock.check()
            part = self.header(self.descriptors + DESCRIPTOR * first, DESCRIPTOR * min(DESCRIPTORS, count - first))
            longs, words = array("Q", part), array("I", part)
            if (self.order == "<") != (sys.byteorder == "little"):
                longs.byteswap()
                words.byteswap()
            yield longs[::3], words[2::6], words[3::6]
