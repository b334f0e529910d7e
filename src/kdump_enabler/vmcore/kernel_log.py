"""The kernel log in the memory of a dump: what printk wrote last, without any debug information.

VMCOREINFO says where the log is by its virtual address; the page tables of the crashed kernel, which are in the dump
too, say where that is in memory (Documentation/admin-guide/kdump/vmcoreinfo.rst; Documentation/arch/x86/x86_64/mm.rst).
"""

import struct
from typing import Dict, Optional, Tuple

from .basics import UnclearError
from .dump import Dump

KERNEL_MAP = 0xFFFFFFFF80000000  # where the kernel's own image begins (__START_KERNEL_map)
ADDRESS = 0x000FFFFFFFFFF000  # the bits of a page table entry that are an address
PRESENT, HUGE = 1, 1 << 7
PAGE, INDEX = 12, 9  # bits of an address within a page, and for each level of page tables
HUGE_SHIFTS = (PAGE + INDEX, PAGE + 2 * INDEX)  # pages of 2 MiB and 1 GiB
TABLE = 8 << INDEX  # bytes
MOST_BYTES = 1 << 28  # of a log; the kernel's own default is 128 KiB to some MiB


class Kernel:
    """The virtual memory of the kernel that crashed, on x86_64. All raise UnclearError for what cannot be seen."""

    def __init__(self, dump: Dump) -> None:
        if dump.record["machine"] not in ("x86_64", None):
            raise UnclearError("the place of the kernel log can be told on x86_64 only")
        self.dump = dump
        self.tables: Dict[int, bytes] = {}
        top = self.stated("SYMBOL(swapper_pg_dir)", 16) - KERNEL_MAP + self.stated("NUMBER(phys_base)", 10)
        self.top = top & ~self.stated("NUMBER(sme_mask)", 10, 0)
        self.levels = 5 if self.stated("NUMBER(pgtable_l5_enabled)", 10, 0) else 4

    def stated(self, name: str, base: int, otherwise: Optional[int] = None) -> int:
        """A number of VMCOREINFO."""
        word = self.dump.info.get(name.encode())
        if word is None and otherwise is not None:
            return otherwise
        try:
            return int(word or b"", base)
        except ValueError:
            raise UnclearError("its VMCOREINFO does not say where the kernel log is") from None

    def read(self, virtual: int, size: int) -> bytes:
        """The bytes at a virtual address."""
        parts = []
        while size > 0:
            physical, left = self.physical(virtual)
            parts.append(self.dump.memory(physical, min(size, left)))
            virtual, size = virtual + len(parts[-1]), size - len(parts[-1])
        return b"".join(parts)

    def physical(self, virtual: int) -> Tuple[int, int]:
        """Where a virtual address is in memory, and how many bytes from there on are in the same page."""
        table = self.top
        for shift in reversed(range(PAGE, PAGE + INDEX * self.levels, INDEX)):
            entry = self.entry(table, virtual >> shift)
            if not entry & PRESENT:
                break
            table = entry & ADDRESS
            if shift == PAGE or (entry & HUGE and shift in HUGE_SHIFTS):
                inside = virtual & ((1 << shift) - 1)
                return (table >> shift << shift) + inside, (1 << shift) - inside
        raise UnclearError("its page tables do not lead to the kernel log")

    def entry(self, table: int, index: int) -> int:
        """An entry of a page table. Each is read once: a log of many pages asks for the same ones."""
        if table not in self.tables:
            self.tables[table] = self.dump.memory(table, TABLE)
        entry: int = struct.unpack_from("<Q", self.tables[table], 8 * (index & (TABLE // 8 - 1)))[0]
        return entry

    def number(self, virtual: int, size: int) -> int:
        """The number of that many bytes at a virtual address."""
        return int.from_bytes(self.read(virtual, size), "little")


def kernel_log(dump: Dump) -> bytes:
    """The buffer that holds the texts of the kernel log, each in one piece, with other things between. Raises
    UnclearError when it cannot be found."""
    kernel = Kernel(dump)
    if b"SYMBOL(prb)" in dump.info:  # since Linux 5.10
        ring = kernel.number(kernel.stated("SYMBOL(prb)", 16), 8)
        ring += kernel.stated("OFFSET(printk_ringbuffer.text_data_ring)", 10)
        data = kernel.number(ring + kernel.stated("OFFSET(prb_data_ring.data)", 10), 8)
        bits = kernel.number(ring + kernel.stated("OFFSET(prb_data_ring.size_bits)", 10), 4)
        size = 1 << min(bits, 64)
    else:
        data = kernel.number(kernel.stated("SYMBOL(log_buf)", 16), 8)
        size = kernel.number(kernel.stated("SYMBOL(log_buf_len)", 16), 4)
    if size > MOST_BYTES:
        raise UnclearError("its kernel log has an impossible size")
    return kernel.read(data, size)
