"""What every part of the reader uses: records, the time that is left, and the ways in which a dump can fail."""

import time
from array import array
from datetime import datetime, timezone
from typing import Any, Dict, Optional, Tuple

Record = Dict[str, Any]
Words = Tuple[str, ...]
Columns = Tuple["array[int]", "array[int]", "array[int]"]

CHUNK = 1 << 20  # bytes read at a time
MOST_CPUS = 1 << 16
VMCOREINFO_CAP = 1 << 16  # bytes; the kernel writes one page
NO_ROOM = "makedumpfile marked it as incomplete, as it does when it runs out of room"
NO_VMCORE = "it is no vmcore"
DAMAGED, MISSING = "pages are damaged", "pages are missing"


class IncompleteError(Exception):
    """A sentence: the dump is known to lack something."""


class UnclearError(Exception):
    """A sentence: something could not be told."""


class AbsentError(Exception):
    """What was looked for is not there."""


class Clock:
    """The time that is left."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise UnclearError when it is over."""
        if time.monotonic() > self.end:
            raise UnclearError("the time for looking at it was over before its end")

    def left(self) -> float:
        """Seconds until it is over."""
        return self.end - time.monotonic()


def text(word: bytes) -> Optional[str]:
    """A word of a header; null for none."""
    return word[:256].decode("utf-8", "replace") or None


def likely(number: int, least: int, most: int) -> Optional[int]:
    """A number of a header; null for one that makes no sense."""
    return number if least <= number <= most else None


def moment(seconds: float) -> Optional[str]:
    """A time in ISO 8601, UTC; null for none, and for one that no calendar has."""
    if not 0 < seconds < 253402300800:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def said(error: Exception) -> str:
    """A sentence for people."""
    return "it could not be read: {}".format(error.strerror) if isinstance(error, OSError) else str(error)
