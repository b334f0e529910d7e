"""A fleet on one screen: how many hosts of each verdict, what they have in common, and what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from ..fleet.reaching import without_address
from . import wrapping
from .baseline import BEST_FIRST
from .causes import Cause, by_rule
from .document import what_failed
from .names import common_domain, several
from .text import COLOURS, MARKS
from .to_do import show_to_do, to_do_in_a_fleet
from .wrapping import literal

Host = Mapping[str, Any]
MANY = 30  # hosts; more than that do not fit on a screen, one line each, with what to do
BESIDE_NAMES = 69  # columns that the table of hosts takes beside them, at most
CAUSES, REASONS, NAMED = 16, 5, 2  # of each what is shown


def shortened(console: Console, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result for a terminal that is too narrow for its names: without the domain that all of them have, which is
    told first. For a wide one, a file or a pipe it is as it was."""
    names = [host["host"] for host in result["hosts"]]
    domain = common_domain(names)
    if not domain or not console.is_terminal or max(map(len, names)) <= console.width - BESIDE_NAMES:
        return result
    wrapping.show(console, " ", f"[dim]each name goes on with {literal(domain)}[/]", under=3)
    console.print()
    hosts = [{**host, "host": host["host"].removesuffix(domain)} for host in result["hosts"]]
    return {**result, "hosts": hosts}


def show_overview(console: Console, result: Mapping[str, Any]) -> None:
    """Print the verdicts with their numbers, and why hosts could not be judged."""
    hosts = result["hosts"]
    said = f"[bold]{len(hosts)} hosts[/]: a panic now {', '.join(_captures(hosts))}"
    wrapping.show(console, " ", said, under=3)
    console.print()
    for verdict in reversed(BEST_FIRST):
        names = [host["host"] for host in hosts if host["verdict"] == verdict.value]
        if names:
            word = f"[{COLOURS[verdict.value]}]{verdict.value:14}[/]"
            wrapping.show(console, f" {word}  {len(names):>6}  ", f"[dim]{_names(names)}[/]")
    _reasons(console, _by(hosts, _said))
    _reasons(console, _by(hosts, _how))


def _captures(hosts: Sequence[Host]) -> Iterator[str]:
    """What a panic leaves, and on how many hosts, which add up to all of them."""
    count = Counter(host["captures_now"] for host in hosts)
    unjudged = sum(host["captures_now"] is None and host["verdict"] == "unsupported" for host in hosts)
    yield f"leaves a dump on [green]{count[True]}[/]"
    yield f"nothing on [red]{count[False]}[/]"
    yield f"is unknown on {count[None] - unjudged}"
    if unjudged:
        yield f"is not judged on {unjudged}"


def show_causes(console: Console, result: Mapping[str, Any], command: str) -> None:
    """Print what is wrong, the worst on most hosts first, and what to type; `command` is how the user calls `enable`
    for these hosts."""
    result = {**result, "hosts": [host for host in result["hosts"] if "trouble" not in host]}
    causes = by_rule(result["hosts"])
    if not causes:
        return
    console.print()
    for cause in causes[:CAUSES]:
        wrapping.show(console, *_cause(cause))
    left = len(causes[CAUSES:])
    why = f"`kdump-enabler explain {causes[0].finding['id']}` says why"
    more = f"{left} more causes; " if left else ""
    console.print()
    wrapping.show(console, " ", f"[dim]{more}--format html shows all of every host, {why}[/]")
    show_to_do(console, list(to_do_in_a_fleet(result, command)))


def show_changes(console: Console, changes: Mapping[str, Any]) -> None:
    """Print how many hosts are not as in the baseline, and which."""
    counts = ", ".join(f"{len(changes[kind])} {kind}" for kind in ("better", "worse", "new", "gone"))
    console.print()
    wrapping.show(console, " ", f"[bold]Since {changes['generated_at']}[/]: {counts}")
    for kind, style in (("worse", "red"), ("better", "green")):
        for steps, names in list(_by(changes[kind], _step).items())[:REASONS]:
            wrapping.show(console, f" [{style}]{kind:6}[/]  ", f"{_names(names)}  {literal(steps)}")
    for kind in ("new", "gone"):
        if changes[kind]:
            wrapping.show(console, f" {kind:6}  ", _names([change["host"] for change in changes[kind]]))


def show_joined(console: Console, joined: Mapping[str, Any]) -> None:
    """Print what was odd when several results became one."""
    repeated, missing = joined["repeated"], joined["missing"]
    if repeated:
        said = f"{len(repeated)} of the hosts are in several results, the newest counts: {_names(repeated)}"
        console.print()
        wrapping.show(console, " ", said, under=3)
    if missing:
        said = f"[bold]{len(missing)} hosts of the inventory are in no result[/]: {_names(missing)}"
        console.print()
        wrapping.show(console, " ", said, under=3)


def _reasons(console: Console, groups: Mapping[str, list[str]]) -> None:
    if groups:
        console.print()
    for sentence, names in list(groups.items())[:REASONS]:
        wrapping.show(console, f" {len(names):>6}  ", f"{literal(sentence)}  [dim]{_names(names)}[/]")
    left = sum(map(len, list(groups.values())[REASONS:]))
    if left:
        console.print(f" {left:>6}  [dim]for other reasons[/]")


def _cause(cause: Cause) -> tuple[str, str]:
    finding = cause.finding
    numbers = f" {MARKS[finding['severity']]}  [dim]{finding['id']}[/]  {len(cause.hosts):>6}  "
    return numbers, f"[bold]{literal(cause.title)}[/]  [dim]{_names(cause.hosts)}[/]"


def _said(host: Host) -> str:
    """Why a host has no better word, or what failed on it, with what to do about it."""
    return without_address(what_failed(host) or host["reason"])


def _how(host: Host) -> str:
    """How a host was looked at that was not asked itself."""
    how = (host.get("seen") or {}).get("how", "live")
    return "" if how == "live" else f"seen in a {how}, not live"


def _step(change: Mapping[str, Any]) -> str:
    came = f", {' '.join(change['came'])} came" if change["came"] else ""
    return f"{change['before']} → {change['now']}{came}"


def _by(records: Iterable[Host], key: Callable[[Host], str]) -> dict[str, list[str]]:
    """Names by what is said of them, that of most hosts first."""
    found: dict[str, list[str]] = {}
    for record in records:
        if key(record):
            found.setdefault(key(record), []).append(record["host"])
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _names(hosts: Sequence[str]) -> str:
    return literal(several(hosts, NAMED))
