"""Reads the recorded machines and changes copies of them, for tests that ask "the same machine, but ..."."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Raw = dict[str, Any]


def names() -> list[str]:
    """Every recorded machine."""
    return sorted(path.parent.name for path in HERE.glob("*/evidence.json"))


def load(name: str) -> Raw:
    """A machine's evidence, the caller's to change."""
    raw: Raw = json.loads(Path(HERE, name, "evidence.json").read_text(encoding="utf-8"))
    return raw


def expected(name: str) -> Raw:
    """What the machine's facts must lead to."""
    wanted: Raw = json.loads(Path(HERE, name, "expected.json").read_text(encoding="utf-8"))
    return wanted


def write(raw: Raw, path: str, text: str) -> None:
    """Give a file this text, as if somebody had written it on the machine."""
    before = raw["files"].get(path, {})
    kept = before if "error" not in before else {}
    raw["files"][path] = {
        "mode": 0o644,
        "type": 0o100000,
        "uid": 0,
        "gid": 0,
        "mtime": 0,
        **kept,
        "size": len(text.encode()),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "truncated": False,
        "text": text,
    }


def replace(raw: Raw, path: str, old: str, new: str) -> None:
    """Change one piece of a file; that it is there is part of the change."""
    text = raw["files"][path]["text"]
    if old not in text:
        raise ValueError(f"{path} has no {old!r}")
    write(raw, path, text.replace(old, new))


def remove(raw: Raw, path: str) -> None:
    """Take a file away."""
    raw["files"][path] = {"error": "ENOENT"}


def unreadable(raw: Raw, path: str) -> None:
    """Leave a file where it is, closed to the user who looked."""
    record = raw["files"].get(path, {})
    raw["files"][path] = {
        **{name: value for name, value in record.items() if name not in ("text", "sha256", "truncated")},
        "error": "EACCES",
    }


def kernel(raw: Raw, **values: str) -> None:
    """Set values that the kernel shows: kexec_* in /sys/kernel, the others in /proc/sys/kernel."""
    for name, value in values.items():
        shown = name in ("kexec_crash_loaded", "kexec_crash_size", "kexec_loaded")
        write(raw, f"/sys/kernel/{name}" if shown else f"/proc/sys/kernel/{name}", value + "\n")


def unit(raw: Raw, name: str = "kdump-tools.service", **fields: str) -> None:
    """Change what systemd says of a unit."""
    run = next(run for run in raw["commands"] if run["argv"][:2] == ["systemctl", "show"])
    blocks = run["out"].split("\n\n")
    run["out"] = "\n\n".join(_with(block, fields) if f"Id={name}" in block.splitlines() else block for block in blocks)


def _with(block: str, fields: dict[str, str]) -> str:
    values = dict(line.partition("=")[::2] for line in block.strip("\n").split("\n"))
    return "\n".join(f"{name}={value}" for name, value in {**values, **fields}.items())
