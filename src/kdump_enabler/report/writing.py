"""Files that others may be reading while they are written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

OPEN = ("/dev/stdout", "/dev/stderr", "/dev/fd", "/proc")


def write(path: Path, text: str | Iterable[str], mode: int = 0o666) -> None:
    """Put the text, or its pieces, there in one step, so that who reads meanwhile, or after the disk was full, gets the
    old one or the new one; what is no file, or one that is open already such as /dev/stdout, is written to as it is,
    and a link goes on leading where it does. Raises OSError."""
    pieces = [text] if isinstance(text, str) else text
    is_open = any(path.absolute().is_relative_to(place) for place in OPEN)
    path = path if is_open else path.resolve()
    if path.exists() and (is_open or not path.is_file()):
        with path.open("w", encoding="utf-8") as file:
            file.writelines(pieces)
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.writelines(pieces)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
