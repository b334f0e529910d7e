"""What packages, units and shell-style settings say, from the recorded text of the tools that own them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from ..evidence import Evidence

# Who knows what is installed. rpm says the same of a missing package in words, without tabs.
DATABASES = {"apt": "dpkg-query", "dnf": "rpm", "zypper": "rpm", "pacman": "pacman"}
MISSING = re.compile(r"error: package '.*' was not found")  # what pacman says of each that is not there
ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?(\w+)=(.*)$")


@dataclass(frozen=True)
class Value:
    """A shell assignment: its value and its line number."""

    value: str
    line: int


@dataclass(frozen=True)
class Unit:
    """A systemd unit as `systemctl show` prints it; every field is systemd's own word."""

    load_state: str
    active_state: str
    sub_state: str
    result: str
    unit_file_state: str
    umask: str


def packages(evidence: Evidence, manager: str) -> dict[str, str] | None:
    """Installed packages that were asked for, with their versions; null when the database of this package manager did
    not answer. Another one's may be there too, and know nothing."""
    run = evidence.command(DATABASES[manager])
    if run is None or run.rc is None:
        return None
    errors = [line for line in run.err.splitlines() if line.startswith("error:") and not MISSING.match(line)]
    if errors:  # the word of rpm and pacman for a database that they cannot read
        return None
    if manager == "pacman":  # each with its version
        return dict(line.split(" ", 1) for line in run.out.splitlines() if " " in line)
    rows = (line.split("\t") for line in run.out.splitlines())
    return {row[0]: row[2] for row in rows if len(row) == 3 and row[1] == "installed"}


def units(evidence: Evidence) -> dict[str, Unit] | None:
    """Units by name; null when systemd did not answer."""
    run = evidence.command("systemctl", "show")
    if run is None or run.rc != 0:
        return None
    found = {}
    for block in run.out.split("\n\n"):
        fields = dict(line.partition("=")[::2] for line in block.splitlines())
        found[fields.get("Id", "")] = Unit(
            fields.get("LoadState", ""),
            fields.get("ActiveState", ""),
            fields.get("SubState", ""),
            fields.get("Result", ""),
            fields.get("UnitFileState", ""),
            fields.get("UMask", ""),
        )
    return found


def shell_values(text: str) -> dict[str, Value]:
    """The plain assignments of a file that sh sources: comments skipped, quotes taken off, the last one wins.
    A value that is not a plain word keeps its text as written."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = ASSIGNMENT.match(line)
        if match:
            found[match[1]] = Value(_plain(match[2]), number)
    return found


def unfinished_line(text: str) -> int | None:
    """The first line whose own assignment has a quote without its partner: sh names the end of the file instead."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if not _is_whole(line)), None)


def whole_lines(text: str) -> str:
    """The lines whose quotes are all closed; the others would swallow what follows them."""
    return "".join(line + "\n" for line in text.splitlines() if _is_whole(line))


def _is_whole(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return False
    return True


def _plain(text: str) -> str:
    """The first word of a shell assignment's right side; `#` begins a comment only at the start of a word."""
    if text[:1].isspace():
        return ""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return lexer.get_token() or ""
    except ValueError:
        return text
