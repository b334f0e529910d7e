"""Waiting for an emulated machine: time-outs that grow with the machine's slowness, and signs of life."""

import functools
import hashlib
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .errors import VmError

REFERENCE_SECONDS = 0.09  # what _processor() measures where all times of the harness come from
MOST = 10.0
REPORT_EVERY = 10.0
# Terminal escape sequences and whatever else does not print.
NOISE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b.|[^\x20-\x7e\n]")


def factor() -> float:
    """How many times slower than the quiet reference machine to expect things now, from 1 to 10."""
    load_per_core = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(MOST, max(1.0, _processor()) * max(1.0, load_per_core))


@functools.cache
def _processor() -> float:
    started = time.thread_time()  # processor time: the load is counted separately
    data = b"kdump"
    for _ in range(250_000):
        data = hashlib.sha256(data).digest()
    return (time.thread_time() - started) / REFERENCE_SECONDS


def wait_until(
    predicate: Callable[[], bool], what: str, seconds: float, log: Path | None = None, every: float = 0.5
) -> float:
    """Return the seconds it took until the predicate was true; `seconds` is for the quiet reference machine.

    Every 10 seconds a line on stderr says how long, and what the machine last wrote to its serial line.
    The load may rise while waiting, so the limit is the largest that any moment asked for.
    """
    started = reported = time.monotonic()
    limit = seconds * factor()
    while not predicate():
        now = time.monotonic()
        limit = max(limit, seconds * factor())
        if now - started > limit:
            raise VmError(f"Gave up after {limit:.0f} s: {what}.", _evidence(log))
        if now - reported >= REPORT_EVERY:
            reported = now
            print(
                f"  {now - started:4.0f} s of {limit:.0f}: {what}{_last_line(log)}",
                file=sys.stderr,
                flush=True,
            )
        time.sleep(every)
    return time.monotonic() - started


def tail(log: Path | None, lines: int) -> list[str]:
    """The last readable lines of a serial log, without escape sequences; empty if there is none yet."""
    if log is None or not log.exists():
        return []
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 16384))
        text = handle.read().decode(errors="replace").replace("\r", "\n")
    clean = (line.strip() for line in NOISE.sub("", text).split("\n"))
    return [line for line in clean if line][-lines:]


def _last_line(log: Path | None) -> str:
    return "".join(f" | {line[:90]}" for line in tail(log, 1))


def _evidence(log: Path | None) -> str:
    if log is None:
        return ""
    last = "\n".join(f"    {line}" for line in tail(log, 12))
    return f"The serial line ended with:\n{last}\nAll of it: {log}"
