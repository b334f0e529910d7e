"""Kernel settings now and at the next boot.

Precedence as sysctl.d(5) states it: of files with the same name the one in the earlier directory hides the others;
then all are read in the order of their names, and the last assignment of a key wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..evidence import Evidence, File

DIRECTORIES = (
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
)
NUMBER = re.compile(r"(-?)(?:(0[0-7]*)|0[xX]([0-9a-fA-F]+)|([1-9]\d*))")
MOST_DIGITS = 20  # with a sign; a longer word is refused as it is (TMPBUFLEN)
ASSIGNMENT = re.compile(r"^\s*-?\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$")


@dataclass(frozen=True)
class Assignment:
    """A value and the place it comes from: a file with a line, or the boot command line (line 0)."""

    value: str
    source: str
    line: int


@dataclass(frozen=True)
class Setting:
    """One key. `running` is null when the kernel has no such key or it could not be read (`exists` tells which);
    `closed_file` is one that could not be read and may set the key for the next boot."""

    key: str
    running: str | None
    exists: bool | None
    next_boot: Assignment | None
    next_boot_of_others: Assignment | None
    closed_file: str | None


def read(
    evidence: Evidence, key: str, own: str, boot_values: Mapping[str, str], built_in: Assignment | None = None
) -> Setting:
    """The state of a key; `own` is the path of our drop-in, whose say is left out of `next_boot_of_others`;
    `boot_values` are what the next boot's command line sets before any file is read; `built_in` is what the kernel
    starts with, where that is known."""
    proc = evidence.file("/proc/sys/" + key.replace(".", "/"))
    boot = Assignment(boot_values[key], "boot command line", 0) if key in boot_values else built_in
    files = _effective_files(evidence)
    deciding = _last(files, key)
    return Setting(
        key=key,
        running=None if proc.text is None else proc.text.strip(),
        exists=None if proc.unknown else not proc.absent,
        next_boot=deciding or boot,
        next_boot_of_others=_last([file for file in files if file.path != own], key) or boot,
        closed_file=_closed(files, deciding),
    )


def integer(text: str | None) -> int | None:
    """The number a kernel setting's text stands for, in C notation; null when it is not one."""
    match = NUMBER.fullmatch(text or "")
    if match is None:
        return None
    base = 16 if match[3] else 8 if match[2] else 10
    return int(match[1] + (match[3] or match[2] or match[4]), base)


def taken(value: str | None) -> str | None:
    """What the kernel makes of a text that is written to a C integer: its first word, if that is a number in range;
    null when it refuses (kernel/sysctl.c, proc_get_long)."""
    word = (re.split(r"[ \t\n]", (value or "").lstrip(" \t\n\v\f\r"), maxsplit=1) or [""])[0]
    number = integer(word)
    if number is None or len(word) > MOST_DIGITS or not -(2**31) <= number < 2**31:
        return None
    return word


def boot_values(command_line: str) -> dict[str, str]:
    """The settings that boot parameters give (Documentation/admin-guide/kernel-parameters.txt)."""
    values = {}
    for word in command_line.split():
        name, _, value = word.partition("=")
        if name == "panic" and value:
            values["kernel.panic"] = value
        elif word == "oops=panic":
            values["kernel.panic_on_oops"] = "1"
        elif name == "unknown_nmi_panic":
            values["kernel.unknown_nmi_panic"] = "1"
        elif name.startswith("sysctl.") and value:
            values[name.removeprefix("sysctl.").replace("/", ".")] = value
    return values


def _last(files: list[File], key: str) -> Assignment | None:
    """The assignment that wins: the last that names the key, or else the last pattern that matches it."""
    found = [
        (match[1].replace("/", "."), Assignment(match[2], file.path, number))
        for file in files
        for number, line in enumerate((file.text or "").splitlines(), 1)
        if (match := ASSIGNMENT.match(line))
    ]
    named = [assignment for name, assignment in found if name == key]
    matched = [assignment for name, assignment in found if "*" in name and fnmatchcase(key, name)]
    deciding = named or matched
    return deciding[-1] if deciding else None


def _closed(files: list[File], deciding: Assignment | None) -> str | None:
    """A file that could not be read and would overrule the one that decides."""
    after = "" if deciding is None else deciding.source.rpartition("/")[2]
    return next((file.path for file in files if file.unknown and file.path.rpartition("/")[2] > after), None)


def _effective_files(evidence: Evidence) -> list[File]:
    by_name: dict[str, File] = {}
    for directory in DIRECTORIES:
        for file in evidence.below(directory, ".conf"):
            by_name.setdefault(file.path.rpartition("/")[2], file)
    return [file for _, file in sorted(by_name.items()) if file.link != "/dev/null"]
