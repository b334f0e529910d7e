"""What was seen of hosts elsewhere or earlier: evidence that is kept, archives of support tools, file trees."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from .. import evidence, probe
from ..errors import UserError
from ..evidence import Evidence
from ..report.writing import write
from . import archives, sosreport, supportconfig

SUFFIX = ".json"
LIVE, RECORDING, IMAGE = "live", "recording", "image"
ASK_IT = "look at the machine itself, with kdump-enabler check: the archive does not hold it"


@dataclass(frozen=True)
class Seen:
    """One look at a host: `how` is `live`, `recording` (our own evidence), `image` (a file tree), `sosreport` or
    `supportconfig`; `source` is the path of what was read, empty for a live host."""

    host: str
    how: str
    source: str
    evidence: Evidence

    def told(self, record: dict[str, Any]) -> dict[str, Any]:
        """A host's record in the result document that says so."""
        shown = _of_an_archive(record) if self.how in (sosreport.KIND, supportconfig.KIND) else record
        shown = _without_lines(shown) if self.how == supportconfig.KIND else shown
        return {**shown, "seen": {**shown["seen"], "how": self.how, "source": self.source}}


def keep(directory: Path, host: str, text: str) -> None:
    """Write a host's evidence, readable for its owner alone: it tells how a machine is configured. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(directory / (quote(host, safe="") + SUFFIX), text + "\n", 0o600)


def recorded(name: str, path: Path) -> Seen:
    """What a file or an archive holds, as named() found it. Raises UserError or OSError for one that cannot be read."""
    if path.is_dir() or archives.is_packed(path):
        found = archives.read(path)
        return Seen(found.host, found.kind, str(path), evidence.from_raw(found.raw))
    text = path.read_text("utf-8", errors="replace")
    return Seen(name, RECORDING, str(path), evidence.load(text, str(path)))


def named(paths: Iterable[str]) -> dict[str, Path]:
    """The files and archives by what they are called: those that keep() wrote by their host, others by their path."""
    found: dict[str, Path] = {}
    for given in map(Path, paths):
        is_one = not given.is_dir() or archives.kind_of(given)
        inside = [] if is_one else sorted(path for path in given.iterdir() if _is_recording(path))
        found |= {_name(path): path for path in inside} or {str(given): given}
    return found


def _name(path: Path) -> str:
    return unquote(path.name.removesuffix(SUFFIX)) if path.name.endswith(SUFFIX) else str(path)


def _is_recording(path: Path) -> bool:
    if path.is_dir():
        return bool(archives.kind_of(path))
    return path.name.endswith(SUFFIX) or archives.is_packed(path)


def here(root: str | None = None) -> tuple[Seen, dict[str, Any]]:
    """This machine, or a mounted or copied file tree, with the probe's own dictionary. Raises UserError for what is no
    file tree."""
    if root and not Path(root).is_dir():
        raise UserError(f"{root} is not a directory", "Give the root of a mounted or copied file tree.")
    if root and archives.kind_of(Path(root)):
        raise UserError(
            f"{root} is an unpacked archive, which does not hold all files", f"Give it as --evidence {root}"
        )
    raw: dict[str, Any] = probe.collect(root or "/")
    name = _hostname(raw) or root or "this machine"
    return Seen(name, IMAGE if root else LIVE, root or "", evidence.from_raw(raw)), raw


def _hostname(raw: dict[str, Any]) -> str:
    """The name that a machine gives itself: hostname(5) where its kernel does not run."""
    said = (raw["files"][path].get("text") or "" for path in ("/proc/sys/kernel/hostname", "/etc/hostname"))
    return next((text.strip() for text in said if text.strip()), "")


def _of_an_archive(record: dict[str, Any]) -> dict[str, Any]:
    """The record without a plan, which takes every file, and with what helps where something was not seen."""
    findings = [{**one, "remedy": ASK_IT} if one["unseen"] else one for one in record["findings"]]
    return {**record, "findings": findings, "plan": []}


def _without_lines(record: dict[str, Any]) -> dict[str, Any]:
    """The record with no number of a line: supportconfig leaves out comments, so that they are others on the host."""
    return json.loads(json.dumps(record), object_hook=_no_line)  # type: ignore[no-any-return]


def _no_line(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "line": 0} if isinstance(found.get("line"), int) else found
