"""What the dumps of all formats have in common."""

import re
from typing import Dict, Iterator, Optional, Tuple

from .basics import AbsentError, Clock, IncompleteError, Record, UnclearError, moment, text
from .files import Source


class Dump:
    """An open dump of one of the formats. `fault` is the first thing that was seen to be wrong with it, if any; `info`
    is what the kernel says of itself in the dump (VMCOREINFO)."""

    def __init__(self, source: Source, record: Record, clock: Clock) -> None:
        self.source, self.record, self.clock = source, record, clock
        self.fault: Optional[Exception] = None
        self.info: Dict[bytes, bytes] = {}
        self.read_header()

    def read_header(self) -> None:
        """Put what the dump says of itself into the record. Raises IncompleteError or UnclearError when nothing else
        of it can be read."""
        raise NotImplementedError

    def parts(self) -> Iterator[Tuple[int, bytes, str]]:
        """The memory: parts with their number, where the next number is the next in memory; or why one is not seen."""
        raise NotImplementedError

    def at(self, address: int, size: int) -> bytes:
        """The memory at a physical address: that many bytes, or fewer at the end of a page or segment. Raises
        UnclearError when the dump does not hold it."""
        raise NotImplementedError

    def memory(self, address: int, size: int) -> bytes:
        """The bytes at a physical address. Raises UnclearError when the dump does not hold all of them."""
        parts = []
        while size > 0:
            self.clock.check()
            parts.append(self.at(address, size))
            address, size = address + len(parts[-1]), size - len(parts[-1])
        return b"".join(parts)

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
        words = self.info = dict(line.partition(b"=")[::2] for line in info.split(b"\n"))
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
