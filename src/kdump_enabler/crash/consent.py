"""Whether a host may be taken down now: somebody named it, and the time is right."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, time

from ..trouble import Trouble

WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
WINDOW_EXAMPLE = "An example: 22:00-05:00."


def objection(host: str, consenting: Collection[str], window: str, now: datetime) -> Trouble | None:
    """Why the host must not be taken down; null when it may be. The window is such as 22:00-05:00, in the time zone of
    `now`; an empty one is always open."""
    if host not in consenting:
        hint = "Type its name when asked, pass --yes-crash HOST, or name it in kdump_prove_consent."
        return Trouble("no_consent", "Nobody agreed to crash this host", hint)
    if not window:
        return None
    match = WINDOW.fullmatch(window)
    if match is None:
        return Trouble("bad_window", f"{window!r} is no window of time", WINDOW_EXAMPLE)
    first, last = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    if not _is_between(first, now.time(), last):
        sentence = f"It is {now:%H:%M}, and hosts may be crashed from {first:%H:%M} to {last:%H:%M} only"
        return Trouble("outside_window", sentence, "Run it again then, or with another window.")
    return None


def is_window(text: str) -> bool:
    """Whether a window of time can be read."""
    return WINDOW.fullmatch(text) is not None


def busy(host: str, group: str, other: str) -> Trouble:
    """The refusal to take a second host of a group down."""
    sentence = f"{other}, of the group {group} as {host} is, is being crashed now"
    return Trouble("group_busy", sentence, "Wait for it; hosts of a group go one after the other.")


def _is_between(first: time, now: time, last: time) -> bool:
    """Whether it is the time; a window may go over midnight."""
    return first <= now < last if first <= last else now >= first or now < last
