"""Readers that are not ours, which judge what came out: makedumpfile and drgn open the dump."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import drgn
from drgn.helpers.linux import load_vmlinux_kallsyms

READING_SECONDS = 300  # makedumpfile -R never ends on a truncated file
NO_CPU = 2**32 - 1  # panic_cpu of a kernel that has not panicked (kernel/panic.c)


@dataclass(frozen=True)
class Opened:
    """What drgn finds in a dump: the kernel's release and build id, and the CPU that panicked."""

    release: str
    build_id: str
    panic_cpu: int


def kernel_log(dump: Path) -> str:
    """The kernel log inside a flattened dump, by makedumpfile -R and --dump-dmesg."""
    plain = dump.with_suffix(".plain")
    with dump.open("rb") as stream:
        subprocess.run(
            ["makedumpfile", "-R", plain], stdin=stream, capture_output=True, check=True, timeout=READING_SECONDS
        )
    return log_of_plain(plain)


def log_of_plain(dump: Path) -> str:
    """The kernel log inside a dump that is not flattened."""
    log = dump.with_suffix(".log")
    subprocess.run(
        ["makedumpfile", "--dump-dmesg", dump, log], capture_output=True, check=True, timeout=READING_SECONDS
    )
    return log.read_text(errors="replace")


def packed_again(dump: Path) -> Path:
    """The dump as most families write it, with LZO; by makedumpfile. The plain one has to be there."""
    packed = dump.with_suffix(".lzo")
    subprocess.run(
        ["makedumpfile", "-l", "-d", "31", dump.with_suffix(".plain"), packed],
        capture_output=True,
        check=True,
        timeout=READING_SECONDS,
    )
    return packed


def opened(dump: Path) -> Opened:
    """The dump as drgn reads it, without debugging symbols: the kernel's own symbol table is in the dump."""
    program = drgn.Program()
    program.set_core_dump(dump)
    program.register_symbol_finder("kallsyms", load_vmlinux_kallsyms(program), enable_index=0)
    release: bytes = program["UTS_RELEASE"].string_()
    panic_cpu: int = program.read_u32(program.symbol("panic_cpu").address)
    list(program.loaded_modules())  # only then is the kernel known as a module
    return Opened(release.decode(), program.main_module().build_id.hex(), panic_cpu)


def build_id(notes: bytes) -> str:
    """The build id in /sys/kernel/notes: the note of type NT_GNU_BUILD_ID (elf(5))."""
    head = struct.pack("<III", 4, 20, 3) + b"GNU\0"
    return notes.partition(head)[2][:20].hex()
