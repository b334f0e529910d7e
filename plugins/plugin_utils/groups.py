# SPDX-License-Identifier: MIT
"""Of which groups a host is down now, so that no second one of them goes down: files on the controller."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .controller import identity, is_dead

STATE = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state", "kdump-enabler", "down").expanduser()
Busy = tuple[str, str]  # a group, and its host that is down


def take(host: str, names: Sequence[str]) -> Busy | None:
    """Take these groups for a host, all or none; which one another host has, null when all are its own now."""
    STATE.mkdir(parents=True, exist_ok=True)
    mine: list[str] = []
    for name in names:
        other = _take_one(host, name)
        if other:
            release(host, mine)
            return name, other
        mine.append(name)
    return None


def taken(host: str, names: Sequence[str]) -> Busy | None:
    """The first of the groups that another host has; null for none."""
    holders = ((name, _holder(name)) for name in names)
    return next(((name, other) for name, other in holders if other and other != host), None)


def release(host: str, names: Sequence[str]) -> None:
    """Give back the groups that the host has."""
    for name in names:
        if _holder(name) == host:
            _path(name).unlink(missing_ok=True)


def _take_one(host: str, name: str) -> str | None:
    """The other host that has the group, null when it is ours now. A file of a run that is dead does not count."""
    with tempfile.NamedTemporaryFile("w", dir=STATE, encoding="utf-8") as file:
        json.dump({"host": host, "controller": identity()}, file)
        file.flush()
        while True:
            with contextlib.suppress(FileExistsError):
                os.link(file.name, _path(name))  # unlike open(), this makes the file whole
                return None
            holder = _holder(name)
            if holder is not None:
                return None if holder == host else holder
            _path(name).unlink(missing_ok=True)


def _holder(name: str) -> str | None:
    """The host that has the group; null for none, and for one whose run has ended."""
    try:
        found: dict[str, Any] = json.loads(_path(name).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return None if is_dead(found["controller"]) else str(found["host"])


def _path(name: str) -> Path:
    return STATE / (re.sub(r"[^\w.-]", "_", name) + ".json")
