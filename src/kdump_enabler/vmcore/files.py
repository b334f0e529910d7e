"""The bytes of a dump: a file, or what the records of a flattened one amount to."""

import itertools
import os
import stat
import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from typing import Iterable, Iterator, List, Tuple, Union

from .basics import Clock, Columns, UnclearError

Piece = Tuple[int, int, int]  # start and end in the file that records amount to, place in the real one

FLAT, FLAT_HEADER, FLAT_END = b"makedumpfile\0\0\0\0", 4096, (-1, -1)
MOST_RECORDS = 4000000  # of about 64 KiB each
CUT = "the file ends before the end record"


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
        group: List[Piece] = []
        end = 0
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
    starts: List[int] = []
    pieces: List[Piece] = []
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
