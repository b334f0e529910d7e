"""Evidence that is kept: a file for each host, to be judged again elsewhere, later, or by another version."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote

SUFFIX = ".json"


def keep(directory: Path, host: str, text: str) -> None:
    """Write a host's evidence, readable for its owner alone: it tells how a machine is configured. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / (quote(host, safe="") + SUFFIX)
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text + "\n")


def named(paths: Iterable[str]) -> dict[str, Path]:
    """The files of recordings by the host's name: those of a directory are named by keep(), others by their path."""
    found: dict[str, Path] = {}
    for given in map(Path, paths):
        inside = sorted(given.glob("*" + SUFFIX)) if given.is_dir() else []
        found |= {unquote(path.name.removesuffix(SUFFIX)): path for path in inside} or {str(given): given}
    return found
