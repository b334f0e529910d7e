"""Names of hosts in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def several(names: Sequence[str], most: int) -> str:
    """The names with commas; of more than `most` the first ones, and how many others there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def common_domain(names: Iterable[str]) -> str:
    """What all the names end in, from a dot on, such as `.example.org`; empty where there is nothing, for a single
    name, and for addresses."""
    labels = [name.split(".")[::-1] for name in names]
    if len(labels) < 2 or any(label[0].isdecimal() for label in labels):
        return ""
    return "".join(f".{label}" for label in reversed(labels[0][: same_beginning(labels)]))


def same_beginning(sequences: Sequence[Sequence[str]]) -> int:
    """With how many words all of them begin; none of them is these words alone."""
    least = min(map(len, sequences)) - 1
    return next((at for at in range(least) if len({words[at] for words in sequences}) > 1), least)
