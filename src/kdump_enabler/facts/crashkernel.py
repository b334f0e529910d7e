"""What a kernel makes of crashkernel= on its command line.

The rules are those of the kernel's kernel/crash_reserve.c and Documentation/admin-guide/kdump/kdump.rst:
the last crashkernel= without a suffix wins; `,high` and `,low` count only without such a one; ranges are compared
with RAM rounded up to 128 MiB, start inclusive, end exclusive, first match; any syntax error reserves nothing.
`auto` is a patch of Red Hat's that only the kernel of EL 8 still has (__parse_crashkernel of centos-stream-8's
kernel/crash_core.c); Oracle's UEK is another kernel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MIB = 1024 * 1024
ROUNDING = 128 * MIB
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50, "e": 1 << 60}
# Numbers are in C notation, so 08 is not one.
NUMBER = r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*"
SIZE = rf"(?:{NUMBER})[kKmMgGtTpPeE]?"
SIMPLE = re.compile(rf"({SIZE})(?:@{SIZE})?\Z")
RANGE = re.compile(rf"({SIZE})-({SIZE})?:({SIZE})(@{SIZE})?\Z")
WORD = re.compile(r"(^|\s+)(crashkernel=\S*)")
SUFFIX = re.compile(r",(high|low|cma)$")
AUTO = {
    "x86_64": "1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M",
    "aarch64": "2G-:448M",
    "ppc64le": "2G-4G:384M,4G-16G:512M,16G-64G:1G,64G-128G:2G,128G-:4G",
    "s390x": "1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M",
}
EL8_KERNEL = re.compile(r"\b4\.18\.0-\S*\.el8\S*?\.(\w+)(?:\+\w+)?\Z")
DEFAULT_LOW = 256 * MIB  # x86_64's, unless its swiotlb is larger than usual (arch/x86 DEFAULT_CRASH_KERNEL_LOW_SIZE)


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
    return [word.partition("=")[2] for word in command_line.split() if word.startswith("crashkernel=")]


def evaluate(command_line: str, ram_bytes: int, kernel: str = "") -> Reservation:
    """The reservation that a kernel (its release, or the path of its image) makes with this command line on this much
    System RAM."""
    values = words(command_line)
    plain, high, low = plain_ones(values), _with(values, ",high"), _with(values, ",low")
    deciding = plain[-1:] or high[-1:]
    if not deciding:
        return Reservation("", 0, "no crashkernel= on the command line")
    text = f"crashkernel={deciding[0]}"
    try:
        meant = _automatic(kernel) if deciding[0] == "auto" else SUFFIX.sub("", deciding[0])
        size = _size(meant, ram_bytes, ranges=bool(plain))
        beside = 0 if plain else _low(low, ram_bytes)
    except _MalformedError as error:
        return Reservation(text, 0, str(error))
    if size:
        return Reservation(text, size, low_bytes=beside)
    return Reservation(text, 0, _nothing(deciding[0], ram_bytes))


def ignored(command_line: str) -> list[str]:
    """The values of the crashkernel= words that have no effect, because a later or a plain one counts."""
    values = words(command_line)
    high, low = _with(values, ",high"), _with(values, ",low")
    counting = plain_ones(values)[-1:] or [*high[-1:], *(low[-1:] if high else [])]
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


def plain_ones(values: Iterable[str]) -> list[str]:
    """The values without a suffix, of which the kernel takes the last."""
    return [value for value in values if not SUFFIX.search(value)]


def is_valid(value: str) -> bool:
    """Whether the kernel can read what comes after `crashkernel=`, whatever this machine's RAM is."""
    if SUFFIX.search(value):
        return SIMPLE.match(SUFFIX.sub("", value)) is not None
    if ":" in value:
        return all(_is_range(part) for part in value.split(","))
    return SIMPLE.match(value) is not None


def parse_size(text: str) -> int:
    """Bytes of a size as the kernel's memparse() reads it, such as 256M; ValueError when it is not one."""
    match = re.fullmatch(rf"({NUMBER})([kKmMgGtTpPeE]?)", text)
    if not match:
        raise ValueError(f"{text!r} is not a size such as 256M")
    digits = match[1]
    base = 16 if digits[:2].lower() == "0x" else 8 if digits.startswith("0") and digits != "0" else 10
    return int(digits, base) * UNITS[match[2].lower()]


def _with(values: Iterable[str], suffix: str) -> list[str]:
    return [value for value in values if value.endswith(suffix)]


def _low(values: list[str], ram_bytes: int) -> int:
    """What is reserved below 4 GiB beside `,high`; a value that cannot be read spoils both."""
    return _size(SUFFIX.sub("", values[-1]), ram_bytes, ranges=False) if values else DEFAULT_LOW


def _automatic(kernel: str) -> str:
    """The ranges that `auto` stands for in this kernel."""
    if "uek" in kernel:
        raise _MalformedError("what Oracle's own kernel (UEK) makes of crashkernel=auto is not known")
    match = EL8_KERNEL.search(kernel)
    if not match or match[1] not in AUTO:
        raise _MalformedError("only the kernel of RHEL 8 knows crashkernel=auto, any other reserves nothing")
    return AUTO[match[1]]


def _nothing(value: str, ram_bytes: int) -> str:
    if ":" in value:
        return f"none of its ranges reserves memory with {rounded(ram_bytes) // MIB} MiB of RAM"
    return "the kernel reserves nothing for this amount of RAM"


def _size(value: str, ram_bytes: int, ranges: bool) -> int:
    if ranges and ":" in value:
        return _from_ranges(value, ram_bytes)
    match = SIMPLE.match(value)
    if not match:
        raise _MalformedError(f"the kernel cannot read crashkernel={value}")
    return _checked(match[1], ram_bytes)


def _from_ranges(value: str, ram_bytes: int) -> int:
    ram = rounded(ram_bytes)
    for part in value.split(","):
        match = RANGE.match(part)
        if not match:
            raise _MalformedError(f"the kernel cannot read the range {part} in crashkernel={value}")
        start, end = parse_size(match[1]), parse_size(match[2]) if match[2] else None
        if end is not None and end <= start:
            raise _MalformedError(f"the range {part} ends before it starts")
        size = _checked(match[3], ram)
        if start <= ram and (end is None or ram < end):
            return size
        if match[4]:  # an offset ends the list
            return 0
    return 0


def _is_range(part: str) -> bool:
    match = RANGE.match(part)
    return match is not None and (not match[2] or parse_size(match[1]) < parse_size(match[2]))


def _checked(text: str, ram_bytes: int) -> int:
    try:
        size = parse_size(text)
    except ValueError as error:
        raise _MalformedError(str(error)) from error
    if size >= ram_bytes:
        raise _MalformedError(f"{text} is not less than this machine's RAM")
    return size
