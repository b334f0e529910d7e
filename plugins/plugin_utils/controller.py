# SPDX-License-Identifier: MIT
"""Which process drives a run, so that the next one can tell whether it still lives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROC = Path("/proc")


def identity() -> dict[str, Any]:
    """The ansible-playbook process, whose child this worker is; empty where there is no /proc (macOS)."""
    try:
        return {**_place(), "pid": os.getppid(), "begun": _begun(os.getppid())}
    except OSError:
        return {}


def is_dead(controller: Mapping[str, Any]) -> bool:
    """Whether the process of a run is known to be gone; only one of this machine can be known."""
    try:
        here = _place()
    except OSError:
        return False
    if any(controller.get(name) != value for name, value in here.items()):
        return False
    try:
        return _begun(int(controller["pid"])) != str(controller["begun"])
    except FileNotFoundError:
        return True


def _place() -> dict[str, str]:
    """This boot of this machine, and which process numbers are meant (containers have their own)."""
    boot_id = Path(PROC, "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return {"boot_id": boot_id, "processes": str(Path(PROC, "self/ns/pid").readlink())}


def _begun(pid: int) -> str:
    """When a process began, in clock ticks since the boot: process numbers are used again (proc(5), stat)."""
    text = Path(PROC, str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()[19]
