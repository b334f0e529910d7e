"""What Linux makes of crashkernel=, character by character: an independent reader to compare ours with.

Written after these files of the kernel, in their order of steps and with none of our code:

- memparse() of lib/cmdline.c, with simple_strtoull() of lib/vsprintf.c and lib/kstrtox.c
- parse_crashkernel() and what it calls in kernel/crash_reserve.c of Linux 6.12 and 6.19 (",cma" since 6.17)
- kernel/crash_core.c of Linux 6.1, with its callers: reserve_crashkernel() and reserve_crashkernel_low() of
  arch/x86/kernel/setup.c
- reserve_crashkernel() of arch/arm64/mm/init.c of Linux 6.1, and of 5.10, which asks for the plain form alone

Where the memory is found is not modelled: a size that is not less than RAM cannot be had by any of them.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
ALL_BITS = (1 << 64) - 1
DIGITS = "0123456789abcdef"
SHIFTS = {"k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}
NAME = "crashkernel="


class InvalidError(Exception):
    """-EINVAL."""


class AbsentError(Exception):
    """-ENOENT."""


@dataclass
class Cursor:
    """A `char *`: behind the end of the text stand zeroes."""

    text: str
    at: int = 0

    def here(self, ahead: int = 0) -> str:
        return self.text[self.at + ahead : self.at + ahead + 1] or "\0"

    def memparse(self) -> int:
        """A number with its unit; InvalidError where the pointer stays, which all callers but one refuse."""
        begin, base = self.at, 10
        if self.here() == "0":
            base = 16 if self.here(1) in "xX" and self.here(2).lower() in DIGITS else 8
        if base == 16:
            self.at += 2
        value = 0
        while self.here().lower() in DIGITS[:base]:
            value = value * base + DIGITS.index(self.here().lower()) & ALL_BITS
            self.at += 1
        if self.here().lower() in SHIFTS:
            value = value << SHIFTS[self.here().lower()] & ALL_BITS
            self.at += 1
        if self.at == begin:
            raise InvalidError
        return value

    def expect(self, char: str) -> None:
        if self.here() != char:
            raise InvalidError
        self.at += 1


def last(line: str, suffix: str | None, suffixes: tuple[str, ...]) -> str | None:
    """get_last_crashkernel(): what follows the name, up to the end of the line."""
    found, at = None, line.find(NAME)
    while at >= 0:
        blank = line.find(" ", at)
        end = blank if blank >= 0 else len(line)
        # The suffix is looked for right before the end of the word, with no regard to where the word began.
        here = {one for one in suffixes if line[max(end - len(one), 0) : end] == one}
        if (suffix in here) if suffix else not here:
            found = line[at + len(NAME) :]
        at = line.find(NAME, at + 1)
    return found


def ranges(text: str, ram: int) -> int:
    """parse_crashkernel_mem()."""
    cursor, total, size = Cursor(text), -(-ram // (128 * MIB)) * 128 * MIB, 0
    while True:
        start, end = cursor.memparse(), ALL_BITS
        cursor.expect("-")
        if cursor.here() != ":":
            end = cursor.memparse()
            if end <= start:
                raise InvalidError
        cursor.expect(":")
        asked = cursor.memparse()
        if asked >= total:
            raise InvalidError
        if start <= total < end:
            size = asked
            break
        cursor.at += 1
        if cursor.here(-1) != ",":
            break
    if size:
        while cursor.here() not in ("\0", " ", "@"):
            cursor.at += 1
        if cursor.here() == "@":
            cursor.at += 1
            cursor.memparse()
    return size


def simple(text: str) -> int:
    """parse_crashkernel_simple(): nobody looks at what memparse() made of the offset."""
    cursor = Cursor(text)
    size = cursor.memparse()
    if cursor.here() not in ("@", " ", "\0"):
        raise InvalidError
    return size


def suffixed(text: str, suffix: str) -> int:
    """parse_crashkernel_suffix()."""
    cursor = Cursor(text)
    size = cursor.memparse()
    if text[cursor.at : cursor.at + len(suffix)] != suffix:
        raise InvalidError
    cursor.at += len(suffix)
    if cursor.here() not in (" ", "\0"):
        raise InvalidError
    return size


def parse(line: str, ram: int, suffix: str | None, suffixes: tuple[str, ...]) -> int:
    """__parse_crashkernel()."""
    text = last(line, suffix, suffixes)
    if text is None:
        raise AbsentError
    if suffix:
        return suffixed(text, suffix)
    colon, blank = text.find(":"), text.find(" ")
    if colon >= 0 and (blank < 0 or colon < blank):
        return ranges(text, ram)
    return simple(text)


def reserved(line: str, ram: int, version: tuple[int, int], arm: bool = False) -> tuple[int, int]:
    """The bytes that a kernel reserves, and those below 4 GiB beside them if the others come to lie above it."""
    suffixes = (",high", ",low", ",cma") if version >= (6, 17) else (",high", ",low")
    try:
        if arm or version >= (6, 7):
            size, low = _strict(line, ram, suffixes, version, arm)
        else:
            size, low = _forgiving(line, ram, suffixes)
    except (AbsentError, InvalidError):
        return 0, 0
    return (size, low) if 0 < size < ram else (0, 0)


def _strict(line: str, ram: int, suffixes: tuple[str, ...], version: tuple[int, int], arm: bool) -> tuple[int, int]:
    """parse_crashkernel() since Linux 6.7, which is what arm64 did before; its 5.10 knows no suffix."""
    try:
        return parse(line, ram, None, suffixes), 0
    except AbsentError:
        if arm and version <= (5, 10):
            raise
    size = parse(line, 0, ",high", suffixes)
    if not size:
        raise InvalidError
    try:
        return size, parse(line, 0, ",low", suffixes)
    except AbsentError:
        none_yet = arm and version < (6, 2)
        return size, 0 if none_yet else (128 if arm else 256) * MIB


def _forgiving(line: str, ram: int, suffixes: tuple[str, ...]) -> tuple[int, int]:
    """reserve_crashkernel() of x86 before Linux 6.7."""
    try:
        size = parse(line, ram, None, suffixes)
    except (AbsentError, InvalidError):
        size = 0
    if size:
        return size, 0
    size = parse(line, ram, ",high", suffixes)
    try:
        return size, parse(line, ram, ",low", suffixes)
    except (AbsentError, InvalidError):
        return size, 256 * MIB
