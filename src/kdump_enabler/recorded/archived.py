"""What archives of all tools have in common: how a tree of files that somebody copied becomes evidence."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .. import probe
from ..evidence import ABSENT, NOT_COLLECTED

Record = dict[str, Any]

NOWHERE = "/dev/null"  # a link there masks a unit or a file
OWN = frozenset({"mode", "type", "uid", "gid", "size", "mtime", "sha256", "truncated"})  # of the copy, not of the file
# A list of packages goes on to here: without it the list was cut. It sorts after ours, and no system is without.
LAST_PACKAGE = "util-linux"
UNIT_FIELDS = ("Id", "LoadState", "ActiveState", "SubState", "Result", "UnitFileState", "UMask")
STAMP = re.compile(r"^\[[^\]]*\] ")
ARCHITECTURE = re.compile(r"(\S+) GNU/Linux\s*$")


def evidence(root: Path, absent: Iterable[str] = (), **more: Any) -> Record:
    """The probe's dictionary of a tree of copied files: what it does not hold is unknown, but for what the tool says
    that it did not find (`absent`). `more` is what the tool's commands told. No directory counts as whole."""
    raw: Record = probe.collect(str(root))
    known = set(absent)
    files = {path: _record(path, record, path in known) for path, record in raw["files"].items()}
    directories = {path: {"error": NOT_COLLECTED, "dumps": {}} for path in raw["directories"]}
    return {
        **raw,
        "root": "",
        "euid": 0,  # both tools have to be started by root
        "files": files,
        "directories": directories,
        "listed": [],
        "commands": [],
        **{name: value for name, value in more.items() if value is not None},
    }


def _record(path: str, record: Record, absent: bool) -> Record:
    link = record.get("link", "")
    if link and posixpath.normpath(posixpath.join(posixpath.dirname(path), link)) == NOWHERE:
        return {"link": NOWHERE, "exists": True, "text": ""}
    if record.get("error") in ABSENT or not record.get("exists", True):
        return {"error": "ENOENT" if absent else NOT_COLLECTED}
    return {name: value for name, value in record.items() if name not in OWN}


def packages(manager: str, found: Iterable[tuple[str, str]]) -> Iterator[Record]:
    """What the package manager would have told the probe; nothing where the list of packages is not whole."""
    argv = next(argv for argv in probe.COMMANDS if argv[0] == manager)
    versions = dict(found)
    if LAST_PACKAGE in versions:
        told = (f"{name}\tinstalled\t{version}\n" for name, version in versions.items() if name in argv)
        yield {"argv": list(argv), "rc": 0, "out": "".join(told), "err": ""}


def units(blocks: Iterable[str]) -> Iterator[Record]:
    """What systemd would have told the probe, from its own words about many units; nothing where ours are not there."""
    argv = next(argv for argv in probe.COMMANDS if argv[0] == "systemctl")
    fields = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]
    found = [one for one in fields if one.get("Id") in argv]
    told = ["".join(f"{name}={one.get(name, '')}\n" for name in UNIT_FIELDS) for one in found]
    if told:
        yield {"argv": list(argv), "rc": 0, "out": "\n".join(told), "err": ""}


def mounts(text: str | None, free: dict[str, int]) -> Record:
    """Mount points from the text of /proc/mounts, with the free bytes of those of which that is known."""
    found: Record = {}
    for point, record in probe.mount_lines(text or ""):
        found[point] = record | ({"free": free[point]} if point in free else {})
    return found


def kernel_log(text: str | None) -> Record | None:
    """The lines of dmesg that a rule asks for."""
    if text is None:
        return None
    lines = (STAMP.sub("", line) for line in text.splitlines())
    return {"lines": [line for line in lines if probe.KERNEL_LOG_LINES.search(line)]}


def architecture(uname: str | None) -> str | None:
    """The architecture in the words of `uname -a`."""
    found = ARCHITECTURE.search(uname or "")
    return found[1] if found else None


def text_of(path: Path) -> str | None:
    """The text of a file that is perhaps there."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
