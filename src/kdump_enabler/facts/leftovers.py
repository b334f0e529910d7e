"""What an earlier version left on a machine: kdump-enabler 1.0.0 was a shell script that edited files in place.

Before each edit of the GRUB defaults and of kdump-tools' configuration it made a copy, <file>.backup.<date>_<time>.
Without such a copy nothing is taken for its work. Then it put `crashkernel=<size> ` behind the opening double quote of
each GRUB_CMDLINE_LINUX_DEFAULT (or appended a line with nothing else), once a run until the next reboot, and made
`kernel.sysrq = 1` the last line of /etc/sysctl.conf, or the only one of a file of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..evidence import Evidence, File
from . import memory
from .crashkernel import MIB
from .grub_defaults import CRASHKERNEL, MAIN, NORMAL_ONLY, Defaults, Word
from .shell import Assignment

GIB = 1024 * MIB
BACKUP = re.compile(r"/etc/default/(grub|kdump-tools)\.backup\.\d{8}_\d{6}")
SIZES = ((8, "256M"), (16, "384M"))  # below this many whole GiB as `free -g` shows them, else LARGEST
LARGEST = "512M"
SYSCTL_CONF = "/etc/sysctl.conf"
SYSRQ_FILE = "/etc/sysctl.d/99-kdump-sysrq.conf"
SYSRQ_LINE = "kernel.sysrq = 1"
ANY_SYSRQ = re.compile(r"^kernel.sysrq", re.MULTILINE)  # what the script replaced, with its own unescaped dot


@dataclass(frozen=True)
class SysrqLine:
    """The script's kernel.sysrq line. `appended`: it stands where the script adds one, so that nothing of anybody
    else's was there before; else an administrator's line was overwritten, and what it said is lost."""

    path: str
    line: int
    appended: bool


@dataclass(frozen=True)
class Leftovers:
    """The script's backups, the crashkernel= words it put into /etc/default/grub and its kernel.sysrq line."""

    backups: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    sysrq: SysrqLine | None = None


def read(evidence: Evidence, defaults: Defaults, reserved_bytes: int) -> Leftovers:
    """What is left of the script; nothing without a backup of its making."""
    backups = tuple(path for path in sorted(evidence.files) if BACKUP.fullmatch(path) and _is_there(evidence, path))
    if not backups:
        return Leftovers()
    runs = sum("/grub." in path for path in backups)
    sizes = _sizes(evidence, reserved_bytes)
    found = (made for made in defaults.assignments if (made.path, made.name, made.doubt) == (MAIN, NORMAL_ONLY, ""))
    words = tuple(word for made in found for word in _prepended(defaults, made, runs, sizes))
    return Leftovers(backups, words, _sysrq(evidence))


def _is_there(evidence: Evidence, path: str) -> bool:
    return evidence.file(path).error is None


def _sizes(evidence: Evidence, reserved_bytes: int) -> set[str]:
    """What the script chooses on this machine: MemTotal leaves out what is reserved now and was not then."""
    total = memory.meminfo(evidence).get("MemTotal", 0)
    return {
        next((size for limit, size in SIZES if seen // GIB < limit), LARGEST)
        for seen in (total, total + reserved_bytes)
    }


def _prepended(defaults: Defaults, made: Assignment, runs: int, sizes: set[str]) -> Iterator[Word]:
    """The words at the very front of a double-quoted value, at most one for each run that changed the file."""
    text, place = defaults.texts[made.path], made.start + 1
    if text[made.start : made.start + 1] != '"':
        return
    for word in defaults.words_in(made)[:runs]:
        following = text[word.start + len(word.text) : word.start + len(word.text) + 1]
        ends = following == " " or (following == '"' and word.start + len(word.text) + 1 == made.end)
        if word.start != place or word.text.removeprefix(CRASHKERNEL) not in sizes or not ends:
            return
        place += len(word.text) + 1
        yield word


def _sysrq(evidence: Evidence) -> SysrqLine | None:
    if evidence.text(SYSRQ_FILE) == SYSRQ_LINE + "\n":
        return SysrqLine(SYSRQ_FILE, 1, appended=True)
    file: File = evidence.file(SYSCTL_CONF)
    lines = (file.text or "").split("\n")
    if SYSRQ_LINE not in lines:
        return None
    last = lines[-2:] == [SYSRQ_LINE, ""] and len(ANY_SYSRQ.findall(file.text or "")) == 1
    return SysrqLine(SYSCTL_CONF, lines.index(SYSRQ_LINE) + 1, appended=last)
