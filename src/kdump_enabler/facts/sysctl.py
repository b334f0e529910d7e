"""Kernel settings now and at the next boot: which line of which file decides, and what becomes of the others."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..evidence import Evidence, File
from . import sysctl_files, sysctl_later
from .sysctl_files import SYSCTL_CONF, UNIT, Files, Line, Listed
from .sysctl_later import Later
from .sysctl_value import Assignment, Takes, integer, taken

__all__ = ["Assignment", "Mention", "Setting", "integer", "read"]


@dataclass(frozen=True)
class Mention:
    """A line about a key and what becomes of it at boot. `fate` is `decides`, `refused` (the kernel takes no such
    value, so that the key stays as it starts), `excludes` (`-key`: no file sets it), `overruled`, `masked` (a file of
    the same name hides this one), `unread` (nothing reads the file at boot) or `later` (a program writes it after
    the files were read); `by` is the place that overrules, hides or switches off, or the program."""

    source: str
    line: int
    text: str
    fate: str
    by: str = ""


@dataclass(frozen=True)
class Setting:
    """One key. `running` is null when the kernel has no such key or it could not be read (`exists` tells which);
    `closed_file` is one that could not be read and may set the key for the next boot, or a directory that may have such
    a file. `blocker` would decide even if
    our drop-in named the key; `later` is what programs write after the files, in their order; `by_command` is what
    `sysctl --system` would make of the files."""

    key: str
    running: str | None
    exists: bool | None
    next_boot: Assignment | None
    next_boot_of_others: Assignment | None
    closed_file: str | None
    blocker: Assignment | None
    later: tuple[Later, ...]
    by_command: Assignment | None
    mentions: tuple[Mention, ...]


def read(
    evidence: Evidence,
    key: str,
    own: str,
    boot_values: Mapping[str, str],
    built_in: Assignment | None = None,
    *,
    takes: Takes = taken,
    files: Files | None = None,
) -> Setting:
    """The state of a key; `own` is the path of our drop-in, whose say is left out of `next_boot_of_others`;
    `boot_values` are what the next boot's command line sets before any file is read; `built_in` is what the kernel
    starts with, where that is known; `takes` is what it makes of a text; `files` are those of the machine, where they
    are read already."""
    path = sysctl_files.path_of(key)
    proc = evidence.file("/proc/sys/" + path)
    boot = Assignment(boot_values[key], "boot command line", 0) if key in boot_values else built_in
    files = files or sysctl_files.read(evidence)
    listed, lines = files.listed, files.at_boot
    counting = sysctl_files.systemd_counts(lines, path)
    others = sysctl_files.systemd_counts((line for line in lines if line.file != own), path)
    command = sysctl_files.procps_writes(files.by_command, path)
    later = tuple(sysctl_later.writes(evidence, key, takes))
    return Setting(
        key=key,
        running=None if proc.text is None else proc.text.strip(),
        exists=None if proc.unknown else not proc.absent,
        next_boot=_last(counting, takes) or boot,
        next_boot_of_others=_last(others, takes) or boot,
        closed_file=_closed(listed.files, counting) or _not_listed(evidence),
        blocker=_blocker(evidence, lines, path, own) if own else None,
        later=later,
        by_command=_last(command, takes),
        mentions=(*_mentions(evidence, listed, lines, counting, path, takes=takes), *_later(key, later)),
    )


def _last(writes: Iterable[Line], takes: Takes) -> Assignment | None:
    """The last value that the kernel takes."""
    values = [(line, value) for line in writes if (value := takes(line.value)) is not None]
    return Assignment(values[-1][1], values[-1][0].file, values[-1][0].number) if values else None


def _closed(files: Iterable[File], counting: list[Line]) -> str | None:
    """A file that could not be read and would overrule the line that decides; a pattern is overruled by any file."""
    named = counting[-1] if counting and not counting[-1].is_pattern else None
    after = sysctl_files.order(named.file) if named else b""
    return next((file.path for file in files if file.unknown and sysctl_files.order(file.path) > after), None)


def _not_listed(evidence: Evidence) -> str | None:
    """A directory of which files may be missing here, any of which may come last."""
    return next((name for name in sysctl_files.DIRECTORIES if not evidence.lists(name)), None)


def _blocker(evidence: Evidence, lines: Iterable[Line], path: str, own: str) -> Assignment | None:
    """What would decide in spite of a line in our drop-in: one that names the key in a file that sorts later."""
    if sysctl_files.is_switched_off(evidence):
        return Assignment("", UNIT, 0)
    ours = sysctl_files.order(own)
    later = [line for line in lines if line.name == path and sysctl_files.order(line.file) > ours]
    return Assignment(later[-1].value or "", later[-1].file, later[-1].number) if later else None


def _mentions(
    evidence: Evidence, listed: Listed, lines: Iterable[Line], counting: list[Line], path: str, *, takes: Takes
) -> Iterator[Mention]:
    """Every line about the key in the order of reading, with what becomes of it; then those that nothing reads."""
    accepted = [line for line in counting if takes(line.value) is not None]
    decision = next(reversed(accepted or counting), None)
    for line in _about(lines, path):
        if line is decision or (line in counting and line not in accepted):
            yield Mention(line.file, line.number, line.text, _fate(line, takes))
        elif decision:
            yield Mention(line.file, line.number, line.text, "overruled", f"{decision.file}:{decision.number}")
    for file, first in listed.masked:
        for line in _about(sysctl_files.systemd_lines(file), path):
            yield Mention(line.file, line.number, line.text, "masked", first.path)
    off = sysctl_files.is_switched_off(evidence)
    for file in (*(listed.files if off else ()), *_unread(evidence, listed)):
        for line in _about(sysctl_files.systemd_lines(file), path):
            yield Mention(line.file, line.number, line.text, "unread", UNIT if off else "")


def _about(lines: Iterable[Line], path: str) -> Iterator[Line]:
    """The lines about a key. That a pattern is taken out says nothing of the key."""
    return (line for line in lines if line.concerns(path) and not (line.is_pattern and line.value is None))


def _fate(line: Line, takes: Takes) -> str:
    if line.value is None:
        return "excludes"
    return "refused" if takes(line.value) is None else "decides"


def _unread(evidence: Evidence, listed: Listed) -> Iterator[File]:
    """/etc/sysctl.conf, unless a link in sysctl.d leads to it (Debian 12 has 99-sysctl.conf, Debian 13 has not)."""
    targets = (
        posixpath.normpath(posixpath.join(posixpath.dirname(file.path), file.link or "")) for file in listed.files
    )
    if SYSCTL_CONF not in targets:
        yield evidence.file(SYSCTL_CONF)


def _later(key: str, writes: Iterable[Later]) -> Iterator[Mention]:
    for write in writes:
        yield Mention(write.source, write.line, f"{key} = {write.value}", "later", write.program)
