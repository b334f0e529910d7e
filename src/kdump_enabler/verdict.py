"""One word for a machine, and what a command ends with."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Verdict(str, Enum):
    """The states of a machine. `unreachable` is the fleet's word for one that nobody could ask."""

    READY = "ready"
    REBOOT_PENDING = "reboot-pending"
    DRIFT = "drift"
    BROKEN = "broken"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"
    UNREACHABLE = "unreachable"


EXIT_CODES = {
    Verdict.READY: 0,
    Verdict.DRIFT: 1,
    Verdict.BROKEN: 1,
    Verdict.UNKNOWN: 2,
    Verdict.UNREACHABLE: 2,
    Verdict.REBOOT_PENDING: 3,
    Verdict.UNSUPPORTED: 4,
}
WORST_FIRST = (1, 2, 3, 4, 0)


def worst_exit_code(codes: Iterable[int]) -> int:
    """The exit code of a fleet: the worst of its hosts, 0 for none."""
    found = set(codes)
    return next((code for code in WORST_FIRST if code in found), 0)
