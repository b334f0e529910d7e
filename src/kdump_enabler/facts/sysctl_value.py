"""Values of kernel settings: where one comes from, and what the kernel makes of its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

NUMBER = re.compile(r"(-?)(?:(0[0-7]*)|0[xX]([0-9a-fA-F]+)|([1-9]\d*))")
INT_MAX = 2**31 - 1
MOST_DIGITS = 20  # with a sign; a longer word is refused as it is (TMPBUFLEN)
Takes = Callable[[str | None], str | None]  # what the kernel makes of a text; null when it refuses


@dataclass(frozen=True)
class Assignment:
    """A value and the place it comes from: a file with a line, or the boot command line (line 0)."""

    value: str
    source: str
    line: int


def integer(text: str | None) -> int | None:
    """The number a kernel setting's text stands for, in C notation; null when it is not one."""
    match = NUMBER.fullmatch(text or "")
    if match is None:
        return None
    base = 16 if match[3] else 8 if match[2] else 10
    return int(match[1] + (match[3] or match[2] or match[4]), base)


def as_text(value: str | None) -> str | None:
    """What the kernel makes of a text where it takes more than a number."""
    return (value or "").strip() or None


def taken(value: str | None, most: int = INT_MAX) -> str | None:
    """What the kernel makes of a text that is written to a C integer: its first word, if that is a number in range;
    null when it refuses (kernel/sysctl.c, proc_get_long)."""
    word = (re.split(r"[ \t\n]", (value or "").lstrip(" \t\n\v\f\r"), maxsplit=1) or [""])[0]
    number = integer(word)
    if number is None or len(word) > MOST_DIGITS or not -INT_MAX - 1 <= number <= most:
        return None
    return word
