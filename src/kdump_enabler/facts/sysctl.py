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
ASSIGNMENT = re.compile(r"^\s*-?\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$")


@dataclass(frozen=True)
class Assignment:
    """A value and the place it comes from: a file with a line, or the boot command line (line 0)."""

    value: str
    source: str
    line: int


@dataclass(frozen=True)
class Setting:
    """One key. `running` is null when the kernel has no such key or it could not be read (`exists` tells which)."""

    key: str
    running: str | None
    exists: bool | None
    next_boot: Assignment | None
    next_boot_of_others: Assignment | None


def read(evidence: Evidence, key: str, own: str, boot_values: Mapping[str, str]) -> Setting:
    """The state of a key; `own` is the path of our drop-in, whose say is left out of `next_boot_of_others`;
    `boot_values` are what the next boot's command line sets before any file is read."""
    proc = evidence.file("/proc/sys/" + key.replace(".", "/"))
    boot = Assignment(boot_values[key], "boot command line", 0) if key in boot_values else None
    found = [a for a in _assignments(evidence) if _names(a[0], key)]
    others = [entry for _, entry in found if entry.source != own]
    return Setting(
        key=key,
        running=None if proc.text is None else proc.text.strip(),
        exists=None if proc.unknown else not proc.absent,
        next_boot=found[-1][1] if found else boot,
        next_boot_of_others=others[-1] if others else boot,
    )


def integer(text: str | None) -> int | None:
    """The number a kernel setting's text stands for, in C notation; null when it is not one."""
    try:
        return int(text or "", 0)
    except ValueError:
        return int(text) if text and re.fullmatch(r"0\d+", text) else None


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
    return values


def _assignments(evidence: Evidence) -> list[tuple[str, Assignment]]:
    return [
        (match[1].replace("/", "."), Assignment(match[2], file.path, number))
        for file in _effective_files(evidence)
        for number, line in enumerate((file.text or "").splitlines(), 1)
        if (match := ASSIGNMENT.match(line))
    ]


def _effective_files(evidence: Evidence) -> list[File]:
    by_name: dict[str, File] = {}
    for directory in DIRECTORIES:
        for file in evidence.below(directory, ".conf"):
            by_name.setdefault(file.path.rpartition("/")[2], file)
    return [file for _, file in sorted(by_name.items()) if file.link != "/dev/null"]


def _names(pattern: str, key: str) -> bool:
    return pattern == key or ("*" in pattern and fnmatchcase(key, pattern))
