"""Changes of single files, made from what a machine has and what it should have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..evidence import Evidence, File
from ..facts.shell_value import CUT_OUT


@dataclass(frozen=True)
class FileChange:
    """One file to write. `before` is the sha256 of what it must hold now, empty when it must not exist; `text` is
    the whole new text, or `lines` the new text of single lines, or `absent` takes the file away."""

    path: str
    before: str
    text: str | None = None
    lines: Mapping[str, str] | None = None
    absent: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The change as the files module takes it."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}


def edited(file: File, text: str | None) -> FileChange:
    """The change that gives somebody's file this text (null: takes it away), by its lines where it keeps their number:
    the probe cuts secrets out, so a whole text made from evidence would lose them."""
    before, old = file.sha256 or "", (file.text or "").split("\n")
    if text is None:
        return FileChange(file.path, before, absent=True)
    new = text.split("\n")
    if len(new) != len(old) or (new[-1] and not old[-1]):  # what comes after the last newline is no line yet
        return FileChange(file.path, before, text=text)
    pairs = enumerate(zip(old, new, strict=True), 1)
    return FileChange(file.path, before, lines={str(at): n.removesuffix("\r") for at, (o, n) in pairs if o != n})


def can_edit(file: File, text: str) -> bool:
    """Whether single lines of a file can be given a new text: it is no link, and they are as they are on the disk."""
    pairs = zip((file.text or "").split("\n"), text.split("\n"), strict=True)
    lines = [new.removesuffix("\r") for old, new in pairs if old != new]
    return file.link is None and not any(CUT_OUT in line or "\r" in line for line in lines)


def own_file(evidence: Evidence, path: str, text: str | None) -> tuple[FileChange, ...]:
    """The change that gives one of our own files its text (null: takes it away); empty when it is so already."""
    file = evidence.file(path)
    exists = file.error is None
    if text is None:
        return (FileChange(path, file.sha256 or "", absent=True),) if exists else ()
    same = exists and file.sha256 == hashlib.sha256(text.encode()).hexdigest()
    return () if same else (FileChange(path, file.sha256 or "", text=text),)
