"""Runs a command and watches what it takes: wall time, processor time, memory (proc(5), wait4(2))."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
MIB = 1024 * 1024
EVERY = 0.1  # seconds between two looks at the process itself
SHARE = 0.05  # of the time may go into adding up the memory of all processes


@dataclass(frozen=True)
class Taken:
    """Seconds of wall and of processor time, its children's with it; the most memory in bytes that the process itself
    had (resident), and that all had together, with what they share counted once (0: it ended too early to be seen)."""

    wall: float
    cpu: float
    resident: int
    together: int


def watch(argv: Sequence[str], env: Mapping[str, str] | None = None) -> Taken:
    """Run it to the end. Raises CalledProcessError for a signal or an exit status over 4, which no verdict has."""
    started, resident, together = time.monotonic(), 0, 0
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=env) as process:
        next_sum = started
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                break
            resident = max(resident, _peak(process.pid))
            if time.monotonic() > next_sum:
                before = time.monotonic()
                together = max(together, sum(map(_proportional, _tree(process.pid))))
                next_sum = time.monotonic() + (time.monotonic() - before) / SHARE
            time.sleep(EVERY)
    if not 0 <= process.returncode <= 4:
        raise subprocess.CalledProcessError(process.returncode, argv)
    return Taken(time.monotonic() - started, used.ru_utime + used.ru_stime, resident, together)


def _tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for one in found:
        for listing in PROC.glob(f"{one}/task/*/children"):
            found += map(int, _text(listing).split())
    return found


def _peak(pid: int) -> int:
    """The most that a process had resident so far (VmHWM)."""
    return _kib(PROC / f"{pid}/status", "VmHWM:")


def _proportional(pid: int) -> int:
    """What a process has now, of shared pages its share (Pss)."""
    return _kib(PROC / f"{pid}/smaps_rollup", "Pss:")


def _kib(path: Path, name: str) -> int:
    lines = (line.split() for line in _text(path).splitlines())
    return next((int(words[1]) * 1024 for words in lines if words[0] == name), 0)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended meanwhile
        return ""
