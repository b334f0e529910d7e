"""What to type, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from ..finding import ENABLE, REBOOT, THERE, enables, typed
from . import wrapping
from .names import several
from .wrapping import literal

Host = Mapping[str, Any]
NAMED = 6  # findings in a line
NAMED_HOSTS = 4


def show_to_do(console: Console, lines: Sequence[str]) -> None:
    """Print the lines, which have markup, after an empty one."""
    if lines:
        console.print()
    for line in lines:
        wrapping.show(console, " [bold]To do[/]  ", line)


def to_do(result: Mapping[str, Any], command: str) -> Iterator[str]:
    """What to type, in the order it is to be done: first what is left to a person, then ours, or a reboot. `command` is
    how the user calls `enable` for the hosts that were asked."""
    found = [(host, finding["remedy"]) for host, finding in _serious(result["hosts"])]
    by_hand = [(host, remedy) for host, remedy in found if remedy not in (ENABLE, REBOOT)]
    yield from map(literal, dict.fromkeys(typed(remedy, enables(host, command)) for host, remedy in by_hand))
    many = len(result["hosts"]) > 1
    if many or not any(remedy.endswith(ENABLE) for _, remedy in by_hand):
        yield from _ours(found, command, many)


def to_do_in_a_fleet(result: Mapping[str, Any], command: str) -> Iterator[str]:
    """The one command to type, after which findings are left to a person on how many hosts."""
    found = list(_serious(result["hosts"]))
    by_hand = [(host["host"], finding["id"]) for host, finding in found if finding["remedy"] not in (ENABLE, REBOOT)]
    if by_hand:
        hosts, ids = (set(column) for column in zip(*by_hand, strict=True))
        where = f"{len(hosts)} host{'s' if len(hosts) > 1 else ''}"
        yield f"by hand on {where}: {several(sorted(ids), NAMED)} ([dim]--format html says what[/])"
    yield from _ours(((host, finding["remedy"].rpartition(": ")[2]) for host, finding in found), command, many=True)


def _serious(hosts: Iterable[Host]) -> Iterator[tuple[Host, Mapping[str, Any]]]:
    for host in hosts:
        yield from ((host, finding) for finding in host["findings"] if finding["severity"] != "info")


def _ours(found: Iterable[tuple[Host, str]], command: str, many: bool) -> Iterator[str]:
    """`enable`, or a reboot, once for the hosts that were asked, and once for those that were seen elsewhere."""
    places: dict[str, dict[str, list[str]]] = {}
    for host, remedy in found:
        remedies = places.setdefault(enables(host, command), {})
        remedies.setdefault(remedy, []).append(host["host"])
    for typed_there, remedies in places.items():
        yield from _one_of_ours(remedies, typed_there, many)


def _one_of_ours(remedies: Mapping[str, Sequence[str]], command: str, many: bool) -> Iterator[str]:
    """The line of one place; `remedies` has the hosts of each."""
    wanted = next((remedy for remedy in (ENABLE, REBOOT) if remedy in remedies), None)
    if wanted is None:
        return
    names = several(list(dict.fromkeys(remedies[wanted])), NAMED_HOSTS)
    words = literal(command.replace(THERE, f"on {names}: ") if many else command)
    then = " " if command.startswith(THERE) else ": "
    reboot = f"reboot, or let it be done{then}"
    yield f"[bold cyan]{words}[/]" if wanted == ENABLE else f"{reboot}[bold cyan]{words} --reboot if-needed[/]"
