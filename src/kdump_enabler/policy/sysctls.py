"""The kernel settings of a panic policy, from data/sysctls.yml: what each takes, and when a value is enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..facts.sysctl_value import INT_MAX, as_text, integer, taken
from ..platforms import LOADER

TABLE = Path(__file__).parents[1] / "data" / "sysctls.yml"
MOST_LOGLEVEL = 15  # what the kernel itself sets when it wants all messages on the console (include/linux/printk.h)
Value = int | str


@dataclass(frozen=True)
class Sysctl:
    """One row of the table; the comments in the table say what each field means."""

    key: str
    how: str
    text: str
    range: tuple[int, int] | None = None
    until: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    numbers: int = 0
    words: tuple[str, ...] = ()
    panics: bool = False
    nmi: bool = False
    x86: bool = False
    managed: bool = True
    default: int | None = None
    needs: tuple[str, ...] = ()
    boot: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Where the running kernel has it."""
        return "/proc/sys/" + self.key.replace(".", "/")

    def takes(self, shown: str | None) -> str | None:
        """What the kernel makes of a text in a file; null when it refuses it."""
        return as_text(shown) if self.range is None else taken(shown, max(INT_MAX, self.range[1]))

    def wrong(self, value: object, kernel: str | None = None) -> str:
        """Why this cannot be its value, as a clause; empty when it can. Of a kernel release that is given, else of
        any that there is."""
        if self.range is not None:
            return _wrong_number(value, self._range_of(kernel))
        if not isinstance(value, str):
            return f"{value!r} is not text"
        return self._wrong_numbers(value) if self.numbers else self._wrong_words(value)

    def written(self, value: Value) -> Value:
        """A value as the kernel shows it after it was written."""
        if isinstance(value, int) or self.numbers:
            return value if isinstance(value, int) else " ".join(value.split())
        given = _listed(value)
        return ",".join(word for word in self.words if word in given)

    def same(self, shown: str | None, value: Value) -> bool:
        """Whether what a file or the kernel says is this value."""
        if isinstance(value, int):
            return integer(shown) == value
        return shown is not None and self.written(shown) == self.written(value)

    def enough(self, shown: str | None, value: Value) -> bool:
        """Whether what a file or the kernel says satisfies a wanted value that nobody stated exactly."""
        if isinstance(value, str):
            return shown is not None and (
                self.same(shown, value) if self.how == "exactly" else _listed(value) <= _listed(shown)
            )
        number = integer(shown)
        return number is not None and _ENOUGH[self.how](number, value)

    def _range_of(self, kernel: str | None) -> tuple[int, int]:
        """What a kernel release takes."""
        assert self.range is not None  # noqa: S101 - the caller asked
        own = _version(kernel or "")
        return next((there for first, there in self.until.items() if own and own < _version(first)), self.range)

    def _wrong_numbers(self, value: str) -> str:
        found = value.split()
        if len(found) == self.numbers and all(word.isdigit() and int(word) <= MOST_LOGLEVEL for word in found):
            return ""
        return f"{value!r} is not {self.numbers} numbers from 0 to {MOST_LOGLEVEL}"

    def _wrong_words(self, value: str) -> str:
        unknown = sorted(_listed(value) - set(self.words))
        return f"{', '.join(map(repr, unknown))} is none of {', '.join(self.words)}" if unknown else ""


_ENOUGH: Mapping[str, Callable[[int, int], bool]] = {
    "nonzero": lambda number, _: number != 0,
    "at_least": lambda number, wanted: number >= wanted,
    "at_most": lambda number, wanted: 1 <= number <= wanted,
    "exactly": lambda number, wanted: number == wanted,
    "bits": lambda number, wanted: number & wanted == wanted,
}


@cache
def table() -> Mapping[str, Sysctl]:
    """All settings by key, in the order of the table."""
    with TABLE.open("rb") as stream:
        rows: dict[str, dict[str, Any]] = yaml.load(stream, Loader=LOADER)  # noqa: S506 - a safe loader
    return {key: _sysctl(key, row) for key, row in rows.items()}


def managed() -> tuple[str, ...]:
    """The keys that kdump_sysctls takes."""
    return tuple(key for key, row in table().items() if row.managed)


def panicking() -> tuple[str, ...]:
    """The keys that make an event panic."""
    return tuple(key for key, row in table().items() if row.panics)


def boot_words(command_line: str) -> dict[str, tuple[str, str]]:
    """What a boot command line says of the settings: the value and the word, of several the last. sysctl.KEY=VALUE
    comes after all others, just before init starts (do_sysctl_args in fs/proc/proc_sysctl.c)."""
    found, at_init = {}, {}
    for word in command_line.split():
        name, _, value = word.partition("=")
        for key, row in table().items():
            given = row.boot.get(word, row.boot.get(name, "")) or (value if name in row.boot else "")
            if given:
                found[key] = (given, word)
        if name.startswith("sysctl.") and value:
            at_init[name.removeprefix("sysctl.").replace("/", ".")] = (value, word)
    return found | at_init


def _sysctl(key: str, row: dict[str, Any]) -> Sysctl:
    tuples: dict[str, Any] = {name: tuple(row[name]) for name in ("range", "words", "needs") if name in row}
    tuples["until"] = {first: tuple(earlier) for first, earlier in row.get("until", {}).items()}
    return Sysctl(key=key, **{**row, **tuples})


def _wrong_number(value: object, allowed: tuple[int, int]) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"{value!r} is not a whole number"
    least, most = allowed
    return "" if least <= value <= most else f"{value} is not from {least} to {most}"


def _listed(value: str) -> set[str]:
    return {word.strip() for word in value.split(",")} - {""}


def _version(release: str) -> tuple[int, ...]:
    """The numbers that count of a kernel release such as 6.1.0-56-amd64; empty for none."""
    match = re.match(r"(\d+)\.(\d+)", release)
    return (int(match[1]), int(match[2])) if match else ()
