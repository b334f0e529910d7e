"""ELF cores, see elf(5)."""

import struct
from typing import Iterator, List, Tuple

from .basics import CHUNK, MISSING, MOST_CPUS, NO_ROOM, NO_VMCORE, VMCOREINFO_CAP, IncompleteError, UnclearError, likely
from .dump import Dump

ELF_INCOMPLETE = 1  # bit of e_flags, by makedumpfile (DUMP_ELF_INCOMPLETE)
ELF_CORE, PT_LOAD, PT_NOTE, NT_PRSTATUS = 4, 1, 4, 1
MOST_SEGMENTS = 1 << 20
NOTES_CAP = 1 << 24  # bytes; a few hundred for each CPU
MACHINES = {21: "ppc64", 22: "s390x", 62: "x86_64", 183: "aarch64", 243: "riscv64", 258: "loongarch64"}


class Elf(Dump):
    """An ELF core, as the kernel gives /proc/vmcore and `makedumpfile -E` writes it: memory as it was, in segments."""

    def read_header(self) -> None:
        """The ELF header, the program headers and the notes."""
        head = self.header(0, 64)
        if head[4] != 2 or head[5] not in (1, 2):
            raise UnclearError("it is of a 32-bit machine")
        self.order = "<" if head[5] == 1 else ">"
        self.segments: List[Tuple[int, int, int]] = []  # place in the file, bytes, physical address
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
            kind, _, start, _, address, size, _, _ = struct.unpack(self.order + "IIQQQQQQ", head)
            if kind == PT_NOTE:
                self._read_notes(self.source.read(start, min(size, NOTES_CAP)))
            elif kind == PT_LOAD:
                self.segments.append((start, size, address))
            if not self.source.holds(start, start + size):
                self.doubt(IncompleteError("memory that it lists is beyond the end of the file"))
        if not any(size for _, size, _ in self.segments):
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
        for place, size, _ in self.segments:
            for start in range(0, size, CHUNK):
                part = self.source.read(place + start, min(CHUNK, size - start))
                whole = len(part) == min(CHUNK, size - start)
                yield number, part, "" if whole else MISSING
                number += 1
                if not whole:
                    break
            number += 1  # the next segment is elsewhere in memory

    def at(self, address: int, size: int) -> bytes:
        """See Dump."""
        for place, length, start in self.segments:
            if start <= address < start + length:
                found = self.source.read(place + address - start, min(size, start + length - address))
                if found:
                    return found
        raise UnclearError(MISSING)
