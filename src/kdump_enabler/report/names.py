"""Names of hosts in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def several(names: Sequence[str], most: int) -> str:
    """The names with commas; of more than `most` the first ones, and how many others there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
