"""What to type, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from ..finding import ENABLE, REBOOT, THERE, typed
from . import wrapping
from .names import several
from .wrapping import literal

NAMED = 6  # findings in a line


def show_to_do(console: Console, lines: Sequence[str]) -> None:
    """Print the lines, which have markup, after an empty one."""
    if lines:
        console.print()
    for line in lines:
        wrapping.show(console, " [bold]To do[/]  ", line)


def to_do(result: Mapping[str, Any], command: str) -> Iterator[str]:
    """What to type, in the order it is to be done: first what is left to a person, then ours, or a reboot. `command` is
    how the user calls `enable` for these hosts."""
    remedies = list(dict.fromkeys(finding["remedy"] for _, finding in _serious(result["hosts"])))
    by_hand = [remedy for remedy in remedies if remedy not in (ENABLE, REBOOT)]
    yield from (literal(typed(remedy, command)) for remedy in by_hand)
    many = len(result["hosts"]) > 1
    if many or not any(remedy.endswith(ENABLE) for remedy in by_hand):
        yield from _ours(remedies, command, many)


def to_do_in_a_fleet(result: Mapping[str, Any], command: str) -> Iterator[str]:
    """The one command to type, after which findings are left to a person on how many hosts."""
    found = list(_serious(result["hosts"]))
    by_hand = [(host, finding) for host, finding in found if finding["remedy"] not in (ENABLE, REBOOT)]
    if by_hand:
        hosts, ids = len({host for host, _ in by_hand}), sorted({finding["id"] for _, finding in by_hand})
        where = f"{hosts} host{'s' if hosts > 1 else ''}"
        yield f"by hand on {where}: {several(ids, NAMED)} ([dim]--format html says what[/])"
    remedies = {finding["remedy"].rpartition(": ")[2] for _, finding in found}
    yield from _ours(remedies, command, many=True)


def _serious(hosts: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for host in hosts:
        yield from ((host["host"], finding) for finding in host["findings"] if finding["severity"] != "info")


def _ours(remedies: Iterable[str], command: str, many: bool) -> Iterator[str]:
    elsewhere = command.startswith(THERE)
    command = command.replace(THERE, "on each of them: ") if many else command
    if ENABLE in remedies:
        yield f"[bold cyan]{literal(command)}[/]"
    elif REBOOT in remedies:
        then = " " if elsewhere else ": "
        yield f"reboot, or let it be done{then}[bold cyan]{literal(command)} --reboot if-needed[/]"
