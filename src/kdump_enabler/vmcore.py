"""Reads vmcores where they lie: what a dump says of itself, whether all of it is there, whether a text is in its pages.

This file runs on the managed host, piped to its Python as text with one request in JSON as its argument, so it keeps
to the standard library and to Python 3.6 syntax and imports nothing of ours. It changes nothing. A dump may be cut,
damaged, or made by somebody who means harm: no size that it states is trusted, every loop ends with the file or with
the time that was given, and what cannot be told is null with a reason.

Requests: {"do": "list", "directories": [...]}, {"do": "show", "path": PATH or "latest", "directories": [...]} and
{"do": "contains", "path", "text"}; each may hold "seconds". {"do": "log", "path", "after"} is answered with the "lines"
of a kernel log from the first on that has the text, or null. Output, on one line: {"schema": 1, "vmcores": [record]} or
{"schema": 1, "found": true, false or null, "reason"}. The keys of a record are those of `vmcore` in
data/result-1.schema.json. Times are UTC.

The formats: makedumpfile's IMPLEMENTATION, diskdump_mod.h and makedumpfile.h (the flattened one is big endian, the
others are of the machine that crashed); elf(5).
"""

import contextlib
import itertools
import json
import os
import re
import stat
import struct
import sys
import time
import zlib
from array import array
from bisect import bisect_left, bisect_right
from datetime import datetime, timezone
from operator import add
from typing import Any, Dict, Iterable, Iterator, List, Match, Optional, Tuple, Union

Record = Dict[str, Any]
Words = Tuple[str, ...]
Piece = Tuple[int, int, int]  # start and end in the file that records amount to, place in the real one
Columns = Tuple["array[int]", "array[int]", "array[int]"]

SCHEMA = 1
SECONDS = 30.0  # for one dump; 40 MB take a twentieth of one
LIST_SECONDS = 120.0  # for all dumps of a host
CHUNK = 1 << 20  # bytes read at a time
LATEST = "latest"

FLAT, FLAT_HEADER, FLAT_END = b"makedumpfile\0\0\0\0", 4096, (-1, -1)
MOST_RECORDS = 4000000  # of about 64 KiB each
KDUMP, ELF = b"KDUMP   ", b"\x7fELF"
INCOMPLETE = 8  # bit of the status, by makedumpfile (DUMP_DH_COMPRESSED_INCOMPLETE)
ELF_INCOMPLETE = 1  # bit of e_flags, by makedumpfile (DUMP_ELF_INCOMPLETE)
COMPRESSIONS = ((1, "zlib"), (2, "lzo"), (4, "snappy"), (32, "zstd"))
BLOCK_SIZES = frozenset([4096, 8192, 16384, 32768, 65536])
DESCRIPTOR = 24  # bytes: offset, size and flags of the data, flags of the page
DESCRIPTORS = 16384  # read at a time
ELF_CORE, PT_LOAD, PT_NOTE, NT_PRSTATUS = 4, 1, 4, 1
MOST_SEGMENTS, MOST_CPUS = 1 << 20, 1 << 16
VMCOREINFO_CAP = 1 << 16  # bytes; the kernel writes one page
NOTES_CAP = 1 << 24  # bytes; a few hundred for each CPU
MACHINES = {21: "ppc64", 22: "s390x", 62: "x86_64", 183: "aarch64", 243: "riscv64", 258: "loongarch64"}
PACKED = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x04\x22\x4d\x18", "lz4"))

# What stat(2) tells of a dump, and what it says itself.
FILE_KEYS = ("directory", "path", "size_bytes", "allocated_bytes", "written_at", "mode", "uid", "gid")  # type: Words
FILE_KEYS += ("open_to_others", "log", "log_bytes", "log_written_at", "proof_id")
HEADER_KEYS = ("format", "kernel", "build_id", "crashed_at", "dump_level", "cpus", "machine", "node")  # type: Words
HEADER_KEYS += ("compression", "vmcoreinfo_bytes", "complete", "reason")

MOST_ENTRIES = 20000  # names looked at below one dump directory
DEPTH = 2  # directories below a dump directory: that of a host, and in it that of a dump
# What each family calls the files of a dump: kdump-tools (on an FTP server after the name of the host), kdump-utils,
# and SUSE's kdump, which may split a dump.
ENDING = r"(?:\.(?:gz|bz2|xz|lz4|zst))?"
VMCORE = re.compile(
    r"(?P<host>.+-)?(?:dump|vmcore)\.(?P<stamp>[0-9]{12})" + ENDING + r"|dump-incomplete" + ENDING + r"|"
    r"vmcore(?:\.flat|[0-9]+)?(?:-incomplete)?" + ENDING,
    re.DOTALL,
)
LOG = re.compile(
    r"(?P<host>.+-)?dmesg\.(?P<stamp>[0-9]{12})|vmcore-dmesg(?:-incomplete)?\.txt|dmesg(?:\.txt)?", re.DOTALL
)
README, README_STATUS = "README.txt", re.compile(rb"(?m)^\s*(vmcore status:\s*\S.*)$")
STAMPED = re.compile(
    r"(?:.+-)?(?:[0-9]{12}|[0-9]{4}(?:-[0-9]{2}){3}[:-][0-9]{2}(?::[0-9]{2})?)|kdump-test-.+", re.DOTALL
)
OTHERS_ENTER, OTHERS_READ = 0o001, 0o004
TAIL_LINES, LINE_CAP = 40, 500  # lines shown of a kernel log, characters of each
MOST_LINES = 4000  # lines given of one
LOG_CAP = 4 << 20  # bytes from the end of a kernel log in which the panic is looked for
# What plugins/modules/crash.py puts into the kernel log; printk may add the time and the CPU or thread.
PROOF = re.compile(r"^(?:\[[^\]]*\] ?)*kdump-enabler: crash on purpose, (\S+)$")
# The last line that the first of these matches. An oops that panics starts the capture kernel before anything says
# "panic" (crash_kexec in oops_end() of arch/x86/kernel/dumpstack.c).
PANICS = (
    re.compile(r"Kernel panic - not syncing"),
    re.compile(r"kernel BUG at|BUG: (?:unable to handle|kernel NULL)|general protection fault|Unable to handle kernel"),
    re.compile(r"\bOops\b"),
)

CUT = "the file ends before the end record"
NO_ROOM = "makedumpfile marked it as incomplete, as it does when it runs out of room"
NO_VMCORE = "it is no vmcore"
DAMAGED, MISSING = "pages are damaged", "pages are missing"


class IncompleteError(Exception):
    """A sentence: the dump is known to lack something."""


class UnclearError(Exception):
    """A sentence: something could not be told."""


class AbsentError(Exception):
    """What was looked for is not there."""


class Clock:
    """The time that is left."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise UnclearError when it is over."""
        if time.monotonic() > self.end:
            raise UnclearError("the time for looking at it was over before its end")

    def left(self) -> float:
        """Seconds until it is over."""
        return self.end - time.monotonic()


class File:
    """The bytes of an ordinary file, to be used in a `with` statement. A link is not followed: in a directory that
    anybody writes to it may lead anywhere."""

    fault = ""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        info = os.fstat(self.descriptor)
        self.size = info.st_size
        if not stat.S_ISREG(info.st_mode):
            os.close(self.descriptor)
            raise UnclearError("it is not a regular file")

    def __enter__(self) -> "File":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def read(self, start: int, size: int) -> bytes:
        """The bytes from there on, fewer at the end of the file."""
        return os.pread(self.descriptor, min(size, self.size - start), start) if 0 <= start < self.size else b""

    def holds(self, start: int, end: int) -> bool:
        """Whether all bytes between are there."""
        return start >= end or 0 <= start < end <= self.size


class Flattened:
    """The file that the records of a flattened one amount to, which `makedumpfile -R` would write: each record is a
    place in that file and what belongs there, and a later one replaces an earlier one."""

    def __init__(self, file: File, clock: Clock) -> None:
        self.file = file
        self.fault = CUT
        self.starts, self.ends, self.places = array("Q"), array("Q"), array("Q")
        records = array("Q"), array("Q"), array("Q")
        for record in self._records(clock):
            for column, value in zip(records, record):
                column.append(value)
        self._sort(records, clock)

    def _records(self, clock: Clock) -> Iterator[Piece]:
        """The records in the order of the file; of one that is cut, what is there."""
        position = FLAT_HEADER
        for number in itertools.count():
            if not number % 1024:
                clock.check()
            head = self.file.read(position, 16)
            if len(head) < 16:
                return
            start, size = struct.unpack(">qq", head)
            if (start, size) == FLAT_END:
                self.fault = ""
                return
            if start < 0 or size < 0 or start + size > sys.maxsize:
                self.fault = "at byte {} a record should begin and does not".format(position)
                return
            if number == MOST_RECORDS:
                raise UnclearError("it has more than {} records".format(MOST_RECORDS))
            position += 16
            there = min(size, max(0, self.file.size - position))
            if there:
                yield start, start + there, position
            position += size

    def _sort(self, records: Columns, clock: Clock) -> None:
        """Put the records in the order of what they hold. Those that overlap, which few do, are resolved together."""
        group, end = [], 0  # type: List[Piece], int
        for index in sorted(range(len(records[0])), key=records[0].__getitem__):
            record = (records[0][index], records[1][index], records[2][index])
            if record[0] >= end:
                self._keep(group, clock)
                group, end = [], 0
            group.append(record)
            end = max(end, record[1])
        self._keep(group, clock)

    def _keep(self, group: List[Piece], clock: Clock) -> None:
        for start, end, place in group if len(group) < 2 else overlaid(group, clock):
            self.starts.append(start)
            self.ends.append(end)
            self.places.append(place)

    def read(self, start: int, size: int) -> bytes:
        """The bytes from there on, until the first that no record holds."""
        parts, index = [], bisect_right(self.ends, start) if 0 <= start <= sys.maxsize else len(self.ends)
        while size > 0 and index < len(self.starts) and self.starts[index] <= start:
            number = min(size, self.ends[index] - start)
            parts.append(self.file.read(self.places[index] + start - self.starts[index], number))
            start, size, index = start + number, size - number, index + 1
        return b"".join(parts)

    def holds(self, start: int, end: int) -> bool:
        """Whether records hold all bytes between."""
        index = bisect_right(self.ends, start) if 0 <= start <= sys.maxsize else len(self.ends)
        while start < end and index < len(self.starts) and self.starts[index] <= start:
            start, index = self.ends[index], index + 1
        return start >= end


def overlaid(records: Iterable[Piece], clock: Clock) -> List[Piece]:
    """What is left of each record when those that come later in the file replace earlier ones; sorted by start."""
    starts, pieces = [], []  # type: List[int], List[Piece]
    for start, end, place in sorted(records, key=lambda record: record[2]):
        clock.check()
        first, last = bisect_right(starts, start), bisect_left(starts, end)
        if first and pieces[first - 1][1] > start:
            first -= 1
        kept = [(start, end, place)]
        for old, old_end, old_place in pieces[first:last]:
            if old < start:
                kept.insert(0, (old, start, old_place))
            if old_end > end:
                kept.append((end, old_end, old_place + end - old))
        pieces[first:last] = kept
        starts[first:last] = [piece[0] for piece in kept]
    return pieces


Source = Union[File, Flattened]


class Dump:
    """An open dump of one of the formats. `fault` is the first thing that was seen to be wrong with it, if any."""

    def __init__(self, source: Source, record: Record, clock: Clock) -> None:
        self.source, self.record, self.clock = source, record, clock
        self.fault = None  # type: Optional[Exception]
        self.read_header()

    def read_header(self) -> None:
        """Put what the dump says of itself into the record. Raises IncompleteError or UnclearError when nothing else
        of it can be read."""
        raise NotImplementedError

    def parts(self) -> Iterator[Tuple[int, bytes, str]]:
        """The memory: parts with their number, where the next number is the next in memory; or why one is not seen."""
        raise NotImplementedError

    def prove(self) -> None:
        """Return when all that the dump lists is there. Raises IncompleteError or UnclearError."""
        if self.source.fault:
            raise IncompleteError(self.source.fault)
        if self.fault:
            raise self.fault

    def doubt(self, error: Exception) -> None:
        """Remember what is wrong, and go on."""
        self.fault = self.fault or error

    def header(self, start: int, size: int) -> bytes:
        """A part of the headers. Raises IncompleteError when it is not there."""
        head = self.source.read(start, size)
        if len(head) < size:
            raise IncompleteError(self.source.fault or "the file ends within its headers")
        return head

    def read_vmcoreinfo(self, info: bytes) -> None:
        """The kernel's own words about itself: lines of KEY=VALUE (Documentation/admin-guide/kdump/vmcoreinfo.rst)."""
        words = dict(line.partition(b"=")[::2] for line in info.split(b"\n"))
        build, crashed = words.get(b"BUILD-ID", b""), words.get(b"CRASHTIME", b"")
        self.record["vmcoreinfo_bytes"] = len(info)
        self.record["kernel"] = self.record["kernel"] or text(words.get(b"OSRELEASE", b""))
        self.record["build_id"] = text(build) if re.match(rb"[0-9a-f]{8,128}\Z", build) else None
        if self.record["crashed_at"] is None and crashed.isdigit():
            self.record["crashed_at"] = moment(int(crashed[:20]))

    def search(self, needle: bytes) -> None:
        """Return when the bytes are in the memory. Raises AbsentError, or UnclearError where they may be in what is
        not seen."""
        unseen, tail, after = "", b"", 0
        for number, part, fault in self.parts():
            self.clock.check()
            # What is next to each other in memory may hold the bytes together.
            seen = tail + part if number == after else part
            if needle in seen:
                return
            unseen = unseen or fault
            tail, after = b"" if fault else seen[len(seen) - len(needle) + 1 :], number + 1
        if unseen:
            raise UnclearError(unseen)
        self.prove()
        raise AbsentError


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

    def _bitmap(self) -> Iterator[bytes]:
        """The bitmap of the pages that are in the dump."""
        for start in range(0, self.bitmap_size, CHUNK):
            self.clock.check()
            yield self.header(self.bitmap + start, min(CHUNK, self.bitmap_size - start))

    def _count(self) -> int:
        return sum(bin(int.from_bytes(part, "little")).count("1") for part in self._bitmap())

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


class Elf(Dump):
    """An ELF core, as the kernel gives /proc/vmcore and `makedumpfile -E` writes it: memory as it was, in segments."""

    def read_header(self) -> None:
        """The ELF header, the program headers and the notes."""
        head = self.header(0, 64)
        if head[4] != 2 or head[5] not in (1, 2):
            raise UnclearError("it is of a 32-bit machine")
        self.order, self.segments = "<" if head[5] == 1 else ">", []  # type: str, List[Tuple[int, int]]
        words = struct.unpack_from(self.order + "HHIQQQIHHH", head, 16)
        kind, machine, programs, sections, flags, size, count = words[:2] + words[4:7] + words[8:]
        if kind != ELF_CORE or size != 56:
            raise UnclearError(NO_VMCORE)
        self.record["machine"], self.record["compression"] = MACHINES.get(machine), "none"
        if count == 0xFFFF:  # PN_XNUM: the number is in the first section header
            count = struct.unpack(self.order + "I", self.header(sections + 44, 4))[0]
        if flags & ELF_INCOMPLETE:
            self.doubt(IncompleteError(NO_ROOM))
        self._read_segments(programs, min(count, MOST_SEGMENTS))

    def _read_segments(self, programs: int, count: int) -> None:
        for number in range(count):
            self.clock.check()
            head = self.header(programs + 56 * number, 56)
            kind, _, start, _, _, size, _, _ = struct.unpack(self.order + "IIQQQQQQ", head)
            if kind == PT_NOTE:
                self._read_notes(self.source.read(start, min(size, NOTES_CAP)))
            elif kind == PT_LOAD:
                self.segments.append((start, size))
            if not self.source.holds(start, start + size):
                self.doubt(IncompleteError("memory that it lists is beyond the end of the file"))
        if not any(size for _, size in self.segments):
            self.doubt(IncompleteError("it holds no page"))

    def _read_notes(self, notes: bytes) -> None:
        position = cpus = 0
        while position + 12 <= len(notes):
            name_size, size, kind = struct.unpack_from(self.order + "III", notes, position)
            name = notes[position + 12 : position + 12 + name_size].rstrip(b"\0")
            position += 12 + (name_size + 3) // 4 * 4
            if name == b"VMCOREINFO":
                self.read_vmcoreinfo(notes[position : position + min(size, VMCOREINFO_CAP)])
            cpus += name == b"CORE" and kind == NT_PRSTATUS
            position += (size + 3) // 4 * 4
        self.record["cpus"] = likely(cpus, 1, MOST_CPUS) or self.record["cpus"]

    def parts(self) -> Iterator[Tuple[int, bytes, str]]:
        """The segments in pieces."""
        number = 0
        for place, size in self.segments:
            for start in range(0, size, CHUNK):
                part = self.source.read(place + start, min(CHUNK, size - start))
                whole = len(part) == min(CHUNK, size - start)
                yield number, part, "" if whole else MISSING
                number += 1
                if not whole:
                    break
            number += 1  # the next segment is elsewhere in memory


def opened(file: File, record: Record, clock: Clock) -> Dump:
    """A dump in its format, with what it says of itself in the record. Raises IncompleteError or UnclearError."""
    source, head = file, file.read(0, 32)  # type: Source, bytes
    if not head:
        raise IncompleteError("the file is empty")
    if head.startswith(FLAT[: len(head)]):
        record["format"] = "flattened"
        if len(head) < 32:
            raise IncompleteError(CUT)
        if struct.unpack(">qq", head[16:]) != (1, 1):
            raise UnclearError("it is flattened in an unknown way")
        source = Flattened(file, clock)
    try:
        return in_its_format(source, record, clock)
    except UnclearError:
        if source.fault:
            raise IncompleteError(source.fault) from None
        raise


def in_its_format(source: Source, record: Record, clock: Clock) -> Dump:
    """The dump that these bytes are. Raises IncompleteError or UnclearError."""
    head = source.read(0, 32)
    for magic, name, kind in ((KDUMP, "kdump", Kdump), (ELF, "elf", Elf)):
        if head.startswith(magic[: len(head)]):
            record["format"] = record["format"] or name
            return kind(source, record, clock)
    packed = next((name for magic, name in PACKED if head.startswith(magic)), None)
    raise UnclearError("it is packed with {}, which is not opened".format(packed) if packed else NO_VMCORE)


def text(word: bytes) -> Optional[str]:
    """A word of a header; null for none."""
    return word[:256].decode("utf-8", "replace") or None


def likely(number: int, least: int, most: int) -> Optional[int]:
    """A number of a header; null for one that makes no sense."""
    return number if least <= number <= most else None


def moment(seconds: float) -> Optional[str]:
    """A time in ISO 8601, UTC; null for none, and for one that no calendar has."""
    if not 0 < seconds < 253402300800:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def unpacked(data: bytes, flags: int, block: int) -> Tuple[bytes, str]:
    """The bytes of a page, or why there are none."""
    name = next((name for bit, name in COMPRESSIONS if flags & bit), None)
    if name not in (None, "zlib"):
        lost = not any(data)
        return b"", DAMAGED if lost else "pages are packed with {}, which Python cannot unpack by itself".format(name)
    try:
        page = zlib.decompressobj().decompress(data, block) if name else data
    except zlib.error:
        page = b""
    return (page, "") if len(page) == block else (b"", DAMAGED)


def read(path: str, seconds: float = SECONDS) -> Record:
    """What a dump says of itself (HEADER_KEYS). `complete` is true when every page that it lists is there, false when
    something is known to be missing, null when that cannot be told; `reason` says why not. Raises nothing."""
    record = dict.fromkeys(HEADER_KEYS)  # type: Record
    try:
        with File(path) as file:
            opened(file, record, Clock(seconds)).prove()
        record["complete"] = True
    except IncompleteError as fault:
        record["complete"], record["reason"] = False, str(fault)
    except (UnclearError, OSError) as doubt:
        record["reason"] = said(doubt)
    return record


def contains(path: str, needle: bytes, seconds: float = SECONDS) -> Record:
    """Whether bytes occur in the memory that a dump holds: `found` is true, false (all of it was searched), or null
    with a `reason`. Raises nothing."""
    if not needle:
        return {"found": None, "reason": "there is nothing to look for"}
    try:
        with File(path) as file:
            opened(file, dict.fromkeys(HEADER_KEYS), Clock(seconds)).search(needle)
    except AbsentError:
        return {"found": False, "reason": ""}
    except (IncompleteError, UnclearError, OSError) as doubt:
        return {"found": None, "reason": said(doubt)}
    return {"found": True, "reason": ""}


def said(error: Exception) -> str:
    """A sentence for people."""
    return "it could not be read: {}".format(error.strerror) if isinstance(error, OSError) else str(error)


class Place:
    """A directory that was looked into: its files, its directories, and whether everybody can enter it."""

    def __init__(self, path: str, is_open: bool, left: List[int]) -> None:
        self.path = path
        self.is_open = is_open and bool(os.lstat(path).st_mode & OTHERS_ENTER)
        self.files, self.directories = [], []  # type: List[str], List[str]
        with os.scandir(path) as entries:
            for entry in itertools.islice(entries, left[0]):
                left[0] -= 1
                if entry.is_dir(follow_symlinks=False):
                    self.directories.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    self.files.append(entry.name)


def find(directories: Iterable[str], seconds: float = LIST_SECONDS) -> List[Record]:
    """A record for each dump in these directories, the newest first: a vmcore with its header, or a dump that should be
    there and is not (`path` is null). A directory that is not there holds none."""
    clock = Clock(seconds)
    found = {
        record["path"] or record["log"] or record["directory"]: record for path in directories for record in _walk(path)
    }
    records = sorted(found.values(), key=lambda record: record["written_at"] or "", reverse=True)
    for record in records:
        if record["path"]:
            record.update(read(record["path"], min(SECONDS, clock.left())))
    return sorted(records, key=lambda record: record["crashed_at"] or record["written_at"] or "", reverse=True)


def _walk(directory: str) -> Iterator[Record]:
    """The dumps in a directory and below it, without their headers."""
    top, left = os.path.realpath(directory), [MOST_ENTRIES]
    ahead = [(top, everybody_reaches(top), 0)]
    while ahead:
        path, is_open, depth = ahead.pop()
        try:
            place = Place(path, is_open, left)
        except OSError as error:
            if depth == 0 and isinstance(error, (FileNotFoundError, NotADirectoryError)):
                return
            if depth == 0 or STAMPED.fullmatch(os.path.basename(path)):
                yield unseen(path, said(error))
            continue
        yield from dumps_in(place, depth > 0)
        if depth < DEPTH:
            ahead += [(os.path.join(path, name), place.is_open, depth + 1) for name in sorted(place.directories)]
    if left[0] <= 0:
        yield unseen(top, "it has more than {} entries, and no more were looked at".format(MOST_ENTRIES))


def everybody_reaches(path: str) -> bool:
    """Whether a user without rights gets to a directory: each one on the way lets them in."""
    above = os.path.dirname(path)
    try:
        return above == path or (everybody_reaches(above) and bool(os.lstat(above).st_mode & OTHERS_ENTER))
    except OSError:
        return False


def dumps_in(place: Place, own: bool) -> Iterator[Record]:
    """The dumps of one directory. `own`: it is none of the directories that all dumps go to, so that what is in it is
    all that is left of one dump."""
    vmcores = [match for match in map(VMCORE.fullmatch, sorted(place.files)) if match]
    logs = [match for match in map(LOG.fullmatch, sorted(place.files)) if match]
    by_key = {key(log): log.group() for log in logs}
    paired = {vmcore.group(): by_key.get(key(vmcore)) for vmcore in vmcores}
    for vmcore in vmcores:
        if logs and not vmcore.group("stamp") and not paired[vmcore.group()]:
            paired[vmcore.group()] = logs[-1].group()
    for name, log in paired.items():
        yield from_outside(place, name, log)
    if own and not vmcores and STAMPED.fullmatch(os.path.basename(place.path)):
        if logs or README in place.files or not place.files:
            yield from_outside(place, None, logs[-1].group() if logs else None)
    else:
        used = set(paired.values())
        for name in (log.group() for log in logs if log.group("stamp") and log.group() not in used):
            yield from_outside(place, None, name)


def key(match: Match[str]) -> Tuple[str, str]:
    """What the name of a vmcore and that of its log have in common: host and time, where they are in it."""
    return match.group("host") or "", match.group("stamp") or ""


def from_outside(place: Place, vmcore: Optional[str], log: Optional[str]) -> Record:
    """The record of a dump as far as no file is opened."""
    record = blank(place.path)
    try:
        if log:
            record["log"] = os.path.join(place.path, log)
            seen = os.lstat(record["log"])
            record["log_bytes"], record["log_written_at"] = seen.st_size, moment(seen.st_mtime)
            record["proof_id"] = proof_id(record["log"])
        if vmcore:
            record["path"] = os.path.join(place.path, vmcore)
        else:
            record["complete"], record["reason"] = False, why_missing(place, log)
        info = os.lstat(record["path"] or record["log"] or place.path)
    except (OSError, UnclearError) as error:  # gone since
        record["complete"], record["reason"] = None, said(error)
        return record
    record["written_at"] = moment(info.st_mtime)
    if vmcore:
        record.update(size_bytes=info.st_size, allocated_bytes=info.st_blocks * 512)
        record.update(mode=stat.S_IMODE(info.st_mode), uid=info.st_uid, gid=info.st_gid)
        record["open_to_others"] = place.is_open and bool(info.st_mode & OTHERS_READ)
    return record


def why_missing(place: Place, log: Optional[str]) -> str:
    """Why there is no vmcore: SUSE's kdump leaves a word."""
    if README in place.files:
        with File(os.path.join(place.path, README)) as file:
            match = README_STATUS.search(file.read(0, 4096))
        if match:
            return "{} says: {}".format(README, text(match.group(1).strip()))
    return "there is a kernel log and no vmcore" if log else "there is no vmcore"


def unseen(directory: str, reason: str) -> Record:
    """The record of a directory that may hold a dump."""
    record = blank(directory)
    record["reason"] = reason
    with contextlib.suppress(OSError):
        record["written_at"] = moment(os.lstat(directory).st_mtime)
    return record


def blank(directory: str) -> Record:
    """A record of which only the directory is known."""
    return dict(dict.fromkeys(FILE_KEYS + HEADER_KEYS), directory=directory)


def show(path: str, directories: Iterable[str], seconds: float = SECONDS) -> List[Record]:
    """The record of one dump with the end of its kernel log: a vmcore, the newest in a directory of its own, or the
    latest in these directories; none when there is no latest."""
    records = find(directories, seconds)[:1] if path == LATEST else [_at(os.path.realpath(path), seconds)]
    for record in records:
        record["log_tail"], record["panic"] = tail(record["log"]) if record["log"] else (None, None)
    return records


def _at(path: str, seconds: float) -> Record:
    """The record of the dump at a path."""
    is_directory = os.path.isdir(path)
    directory = path if is_directory else os.path.dirname(path)
    try:
        place = Place(directory, everybody_reaches(directory), [MOST_ENTRIES])
    except OSError as error:
        return unseen(path, said(error))
    inside = sorted(dumps_in(place, own=True), key=lambda record: record["written_at"] or "", reverse=True)
    if is_directory:
        record = inside[0] if inside else unseen(path, "there is no dump in it")
    else:
        record = next((one for one in inside if one["path"] == path), from_outside(place, path, None))
    if record["path"]:
        record.update(read(record["path"], seconds))
    return record


def proof_id(path: str) -> Optional[str]:
    """The word that a crash on purpose left in a kernel log; empty for none, null when the log cannot be read."""
    lines = last_lines(path)
    if lines is None:
        return None
    return next((match.group(1) for match in map(PROOF.match, reversed(lines)) if match), "")


def last_lines(path: str) -> Optional[List[str]]:
    """The end of a kernel log; null when it cannot be read."""
    try:
        with File(path) as file:
            return file.read(max(0, file.size - LOG_CAP), LOG_CAP).decode("utf-8", "replace").splitlines()
    except (OSError, UnclearError):
        return None


def tail(path: str) -> Tuple[Optional[List[str]], Optional[str]]:
    """The last lines of a kernel log, and the line that names the panic; nulls when it cannot be read."""
    lines = last_lines(path)
    if lines is None:
        return None, None
    matches = (next((line for line in reversed(lines) if panic.search(line)), None) for panic in PANICS)
    panic_line = next(filter(None, matches), None)
    return [line[:LINE_CAP] for line in lines[-TAIL_LINES:]], panic_line and panic_line[:LINE_CAP]


def lines_after(path: str, text: str) -> Optional[List[str]]:
    """The lines of a kernel log from the first on that has the text, none where no line has it; null when the log
    cannot be read."""
    lines = last_lines(path)
    if lines is None:
        return None
    marked = itertools.dropwhile(lambda line: text not in line, lines)
    return [line[:LINE_CAP] for line in itertools.islice(marked, MOST_LINES)]


def answer(request: Record) -> Record:
    """The answer to a request, see above."""
    limit = {"seconds": float(request["seconds"])} if "seconds" in request else {}
    if request["do"] == "contains":
        needle = request["text"].encode("utf-8", "surrogateescape")
        return dict({"schema": SCHEMA}, **contains(request["path"], needle, **limit))
    if request["do"] == "log":
        return {"schema": SCHEMA, "lines": lines_after(request["path"], request["after"])}
    if request["do"] == "show":
        return {"schema": SCHEMA, "vmcores": show(request["path"], request["directories"], **limit)}
    return {"schema": SCHEMA, "vmcores": find(request["directories"], **limit)}


if __name__ == "__main__":
    json.dump(answer(json.loads(sys.argv[1])), sys.stdout)
    sys.stdout.write("\n")
