"""What SUSE's supportconfig keeps of a machine: a few text files with sections, a file or a command each.

bin/supportconfig and bin/supportconfig.rc of github.com/openSUSE/supportutils (conf_files, log_cmd). Comments and empty
lines of files are left out, so that lines have other numbers than on the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from . import archived
from .archived import text_of

KIND = "supportconfig"
MARK = "basic-environment.txt"
NAMES = ("basic-environment", "boot", "crash", "env", "fs-diskio", "memory", "proc", "rpm", "sysconfig", "systemd")
FILES = tuple(rf"{name}\.txt" for name in (*NAMES, "tuned", "mpio"))
SECTION = re.compile(r"^#==\[ ([^\]\n]+) \]=+#\n# ([^\n]*)\n", re.MULTILINE)
CONFIGURATION, COMMAND = "Configuration File", "Command"
NOT_FOUND = " - File not found"
SHOW = re.compile(r"systemctl show '")


class Section(NamedTuple):
    """One section: what it is, the path or the command, and its text."""

    kind: str
    title: str
    text: str


def read(root: Path) -> dict[str, Any]:
    """The machine's evidence as the probe's dictionary, with its name as `host`. The files are written out beside the
    archive's own, by their paths."""
    found = [one for path in sorted(root.glob("*.txt")) for one in sections(text_of(path) or "")]
    absent = _write_out(root, found)
    uname = _told(found, "uname -a")
    more = archived.evidence(
        root,
        absent,
        collected_at=int((root / MARK).stat().st_mtime),
        machine=archived.architecture(uname),
        commands=[*_packages(found), *archived.units(_units(found))],
        mounts=archived.mounts(text_of(root / "proc/mounts"), {}),
        kernel_log=archived.kernel_log(_told(found, "dmesg -T")),
    )
    return {"host": (uname or "").split(" ")[1] if " " in (uname or "") else "", **more}


def sections(text: str) -> Iterator[Section]:
    """The sections of one file."""
    pieces = SECTION.split(text)
    for kind, title, body in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        yield Section(kind, title, body)


def _write_out(root: Path, found: list[Section]) -> list[str]:
    """Put the files to their paths; gives those that supportconfig looked for in vain."""
    files = [one for one in found if one.kind == CONFIGURATION and one.title.startswith("/")]
    absent = []
    for one in files:
        path = root / one.title.lstrip("/")
        if one.title.endswith(NOT_FOUND):
            absent.append(one.title.removesuffix(NOT_FOUND))
        elif ".." not in path.parts and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(one.text, encoding="utf-8", errors="surrogateescape")
    return absent


def _told(found: list[Section], command: str) -> str | None:
    """What a command printed; it is written with the path of its program."""
    return next((one.text for one in found if one.kind == COMMAND and one.title.endswith(command)), None)


def _packages(found: list[Section]) -> Iterator[dict[str, Any]]:
    """From the list of all packages: name, distribution (in several words), version and release."""
    lists = (one.text for one in found if "%-35{NAME} %-35{DISTRIBUTION}" in one.title)
    rows = [line.split() for line in next(lists, "").splitlines()]
    yield from archived.packages("rpm", ((row[0], row[-1]) for row in rows if len(row) > 1))


def _units(found: list[Section]) -> Iterator[str]:
    return (one.text for one in found if one.kind == COMMAND and SHOW.search(one.title))
