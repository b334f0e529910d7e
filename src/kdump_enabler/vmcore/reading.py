"""Opens a dump in its format: what it says of itself, whether all of it is there, whether a text is in it."""

import struct

from .basics import NO_VMCORE, AbsentError, Clock, IncompleteError, Record, UnclearError, Words, said
from .dump import Dump
from .elf import Elf
from .files import CUT, FLAT, File, Flattened, Source
from .kdump import Kdump
from .kernel_log import kernel_log

SECONDS = 30.0  # for one dump; 40 MB take a twentieth of one
KDUMP, ELF = b"KDUMP   ", b"\x7fELF"
PACKED = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x04\x22\x4d\x18", "lz4"))
HEADER_KEYS: Words = ("format", "kernel", "build_id", "crashed_at", "dump_level", "cpus", "machine", "node")
HEADER_KEYS += ("compression", "vmcoreinfo_bytes", "complete", "reason")


def opened(file: File, record: Record, clock: Clock) -> Dump:
    """A dump in its format, with what it says of itself in the record. Raises IncompleteError or UnclearError."""
    source: Source = file
    head = file.read(0, 32)
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


def read(path: str, seconds: float = SECONDS) -> Record:
    """What a dump says of itself (HEADER_KEYS). `complete` is true when every page that it lists is there, false when
    something is known to be missing, null when that cannot be told; `reason` says why not. Raises nothing."""
    record: Record = dict.fromkeys(HEADER_KEYS)
    try:
        with File(path) as file:
            opened(file, record, Clock(seconds)).prove()
        record["complete"] = True
    except IncompleteError as fault:
        record["complete"], record["reason"] = False, str(fault)
    except (UnclearError, OSError) as doubt:
        record["reason"] = said(doubt)
    return record


def look_for(needle: bytes, dump: Dump) -> None:
    """Return when the bytes are in the kernel log, or, where that cannot be found, anywhere in the memory. Raises
    AbsentError, or IncompleteError or UnclearError where they may be in what is not seen."""
    try:
        if needle not in kernel_log(dump):
            raise AbsentError
    except UnclearError:
        dump.search(needle)


def contains(path: str, needle: bytes, seconds: float = SECONDS) -> Record:
    """Whether bytes occur in the kernel log of a dump (in all of its memory where the log cannot be found): `found` is
    true, false, or null with a `reason`. Raises nothing."""
    if not needle:
        return {"found": None, "reason": "there is nothing to look for"}
    try:
        with File(path) as file:
            look_for(needle, opened(file, dict.fromkeys(HEADER_KEYS), Clock(seconds)))
    except AbsentError:
        return {"found": False, "reason": ""}
    except (IncompleteError, UnclearError, OSError) as doubt:
        return {"found": None, "reason": said(doubt)}
    return {"found": True, "reason": ""}
