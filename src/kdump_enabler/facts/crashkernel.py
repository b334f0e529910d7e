"""What a kernel makes of crashkernel= on its command line.

The rules are those of the kernel's kernel/crash_reserve.c (kernel/crash_core.c before Linux 6.9), lib/cmdline.c and
Documentation/admin-guide/kdump/kdump.rst: the last crashkernel= without a suffix wins; `,high` and `,low` count only
without such a one; ranges are compared with RAM rounded up to 128 MiB, start inclusive, end exclusive, first match; any
syntax error reserves nothing. tests/kernel_crashkernel.py follows the same files character by character; tests compare
this module with it. Only blanks end a word there; here tabs do, too, as GRUB makes blanks of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .kernel import Kernel

MIB = 1024 * 1024
ROUNDING = 128 * MIB
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50, "e": 1 << 60}
# Numbers are in C notation, so 08 is not one.
NUMBER = r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*"
SIZE = rf"(?:{NUMBER})[kKmMgGtTpPeE]?"
SIMPLE = re.compile(rf"({SIZE})(?:@{SIZE})?\Z")
RANGE = re.compile(rf"({SIZE})-({SIZE})?:({SIZE})(@{SIZE})?\Z")
# What memparse() takes from where it stands: as much as it can read, be it a unit alone, which is 0 of it.
TAKEN = rf"(?:(?:{NUMBER})[kKmMgGtTpPeE]?|[kKmMgGtTpPeE])"
PARTS = re.compile(rf"({NUMBER})?([kKmMgGtTpPeE]?)")
FIRST, NEXT_RANGE = re.compile(TAKEN), re.compile(rf"({TAKEN})-({TAKEN})?:({TAKEN})")
WORD = re.compile(r"(^|\s+)(crashkernel=\S*)")
# The kernel searches for the letters, also inside another word.
VALUE = re.compile(r"crashkernel=(?=(\S*))")
SUFFIX = re.compile(r",(high|low|cma)$")
NONE = "it asks for 0 bytes"
WRAP = 1 << 64  # the kernel's numbers
NEWEST = Kernel("")


@dataclass(frozen=True)
class Reservation:
    """What a command line asks for: `text` as the kernel sees it, `size_bytes` what this RAM makes of it,
    `problem` why that is nothing (empty when there is none).

    `low_bytes` is what `,high` takes beside it below 4 GiB, for DMA, if it finds its own room above. It is kept
    apart: the capture kernel lives in size_bytes, and kexec_crash_size counts it in since Linux 6.5 only.
    """

    text: str
    size_bytes: int
    problem: str = ""
    low_bytes: int = 0


class _MalformedError(ValueError):
    pass


def rounded(ram_bytes: int) -> int:
    """System RAM in bytes as ranges see it: rounded up to 128 MiB."""
    return -(-ram_bytes // ROUNDING) * ROUNDING


def words(command_line: str) -> list[str]:
    """The values of every crashkernel= on a command line, in order."""
    return VALUE.findall(command_line)


def evaluate(command_line: str, ram_bytes: int, kernel: str = "") -> Reservation:
    """The reservation that a kernel (its release, or the path of its image) makes with this command line on this much
    System RAM."""
    by, values = Kernel(kernel), words(command_line)
    plain, high, low = plain_ones(values, by), _with(values, ",high"), _with(values, ",low")
    if not by.knows_high:
        high = []
    if not plain and not high:
        return Reservation("", 0, "no crashkernel= on the command line" if not values else _alone(values[-1]))
    first = _plain(plain[-1], ram_bytes, by) if plain else None
    if first and (first.size_bytes or not high or not by.forgives):
        return _fitting(first, ram_bytes)
    return _fitting(_pair(high[-1], low, by), ram_bytes)


def _fitting(asked: Reservation, ram_bytes: int) -> Reservation:
    if asked.size_bytes < ram_bytes:
        return asked
    return Reservation(asked.text, 0, f"{asked.size_bytes // MIB} MiB is not less than this machine's RAM")


def _plain(value: str, ram_bytes: int, by: Kernel) -> Reservation:
    text = f"crashkernel={value}"
    try:
        meant = _automatic(by) if value == "auto" else value
        size = _from_ranges(meant, rounded(ram_bytes)) if ":" in meant else _simple(meant)
    except _MalformedError as error:
        old = value.endswith(",cma") and not by.knows_cma
        return Reservation(text, 0, f"kernels before Linux 6.17 cannot read {text}" if old else str(error))
    return Reservation(text, size, "" if size else _nothing(value, ram_bytes))


def _pair(high: str, low: list[str], by: Kernel) -> Reservation:
    text = f"crashkernel={high}"
    try:
        size = _suffixed(high, ",high")
        beside = _low(low[-1], by) if low else by.default_low
    except _MalformedError as error:
        return Reservation(text, 0, str(error))
    return Reservation(text, size, low_bytes=beside) if size else Reservation(text, 0, NONE)


def _low(value: str, by: Kernel) -> int:
    """What is reserved below 4 GiB beside `,high`; a value that cannot be read spoils both, unless it is forgiven."""
    try:
        return _suffixed(value, ",low")
    except _MalformedError:
        if by.forgives:
            return by.default_low
        raise


def ignored(command_line: str, kernel: str = "") -> list[str]:
    """The values of the crashkernel= words that have no effect, because a later or a plain one counts."""
    values = words(command_line)
    high, low = _with(values, ",high"), _with(values, ",low")
    counting = plain_ones(values, Kernel(kernel))[-1:] or [*high[-1:], *(low[-1:] if high else [])]
    found = []
    for value in reversed(values):
        if value in counting:
            counting.remove(value)
        elif not value.endswith(",cma"):
            found.append(value)
    return found[::-1]


def rewritten(command_line: str, reservation: str) -> str:
    """A command line that asks for this and nothing else (for nothing with an empty one); what comes after
    `crashkernel=` may be a pair. The first word is replaced, further ones go with the blanks before them, and every
    other byte stays."""
    wanted = f"crashkernel={reservation}" if reservation else ""
    found = list(WORD.finditer(command_line))
    if not found:
        blank = " " if command_line and not command_line[-1].isspace() else ""
        return command_line + blank + wanted if wanted else command_line
    kept = command_line
    for match in reversed(found):
        first = match is found[0] and wanted
        kept = kept[: match.start(2)] + wanted + kept[match.end() :] if first else _cut(kept, match)
    return kept


def _cut(text: str, match: re.Match[str]) -> str:
    """The text without a word: the blanks before it go with it, or those after it if it is the first."""
    rest = text[match.end() :]
    return text[: match.start()] + (rest if match[1] else rest.lstrip())


def plain_ones(values: Iterable[str], by: Kernel = NEWEST) -> list[str]:
    """The values without a suffix, of which the kernel takes the last."""
    return [value for value in values if not SUFFIX.search(value) or (value.endswith(",cma") and not by.knows_cma)]


def is_valid(value: str) -> bool:
    """Whether the kernel can read what comes after `crashkernel=`, whatever this machine's RAM is."""
    if SUFFIX.search(value):
        return re.fullmatch(SIZE, SUFFIX.sub("", value)) is not None
    if ":" in value:
        return all(_is_range(part) for part in value.split(","))
    return SIMPLE.match(value) is not None


def parse_size(text: str) -> int:
    """Bytes of a size as the kernel's memparse() reads it, such as 256M; ValueError when it is not one."""
    if not re.fullmatch(SIZE, text):
        raise ValueError(f"{text!r} is not a size such as 256M")
    return _bytes(text)


def _bytes(taken: str) -> int:
    """The number that memparse() makes of what it took."""
    match = PARTS.fullmatch(taken)
    assert match  # noqa: S101 - what it took is a number, a unit or both
    digits = match[1] or "0"
    base = 16 if digits[:2].lower() == "0x" else 8 if digits.startswith("0") else 10
    return int(digits, base) * UNITS[match[2].lower()] % WRAP


def _with(values: Iterable[str], suffix: str) -> list[str]:
    return [value for value in values if value.endswith(suffix)]


def _alone(value: str) -> str:
    return f"crashkernel={value} does nothing by itself"


def _automatic(by: Kernel) -> str:
    """The ranges that `auto` stands for in this kernel."""
    if by.auto:
        return by.auto
    if "uek" in by.release:
        raise _MalformedError("what Oracle's own kernel (UEK) makes of crashkernel=auto is not known")
    raise _MalformedError("only the kernel of RHEL 8 knows crashkernel=auto, any other reserves nothing")


def _nothing(value: str, ram_bytes: int) -> str:
    if ":" in value:
        return f"none of its ranges reserves memory with {rounded(ram_bytes) // MIB} MiB of RAM"
    return NONE


def _suffixed(value: str, suffix: str) -> int:
    """A size before the suffix, and nothing else."""
    match = FIRST.match(value)
    if not match or value[match.end() :] != suffix:
        raise _MalformedError(f"the kernel cannot read crashkernel={value}")
    return _bytes(match[0])


def _simple(value: str) -> int:
    """A size, and whatever comes after an `@`."""
    match = FIRST.match(value)
    if not match or value[match.end() :][:1] not in ("", "@"):
        raise _MalformedError(f"the kernel cannot read crashkernel={value}")
    return _bytes(match[0])


def _from_ranges(value: str, ram: int) -> int:
    """The size of the first range that holds this RAM. What comes after that is read for its `@` only."""
    at = 0
    while match := NEXT_RANGE.match(value, at):
        start, end, size = _bytes(match[1]), _bytes(match[2]) if match[2] else None, _bytes(match[3])
        if end is not None and end <= start:
            raise _MalformedError(f"the range {match[0]} ends before it starts")
        if size >= ram:
            raise _MalformedError(f"{match[3]} is not less than this machine's RAM")
        if start <= ram and (end is None or ram < end):
            return _with_offset(value, match.end(), size)
        if value[match.end() :][:1] != ",":  # the list ends, also at an offset
            return 0
        at = match.end() + 1
    raise _MalformedError(f"the kernel cannot read the range {value[at:].partition(',')[0]} in crashkernel={value}")


def _with_offset(value: str, at: int, size: int) -> int:
    """The size, unless there is an `@` without a number after it."""
    offset = value.find("@", at)
    if size and offset >= 0 and not FIRST.match(value, offset + 1):
        raise _MalformedError(f"the kernel cannot read the offset in crashkernel={value}")
    return size


def _is_range(part: str) -> bool:
    match = RANGE.match(part)
    return match is not None and (not match[2] or parse_size(match[1]) < parse_size(match[2]))
