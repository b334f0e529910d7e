"""A fleet on one screen: how many hosts of each verdict, what they have in common, and what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console

from ..reaching import without_address
from .baseline import BEST_FIRST
from .causes import Cause, by_rule
from .names import several
from .text import COLOURS, MARKS, literal

Host = Mapping[str, Any]
MANY = 30  # hosts; more than that do not fit on a screen, one line each, with what to do
CAUSES, REASONS, NAMED = 16, 5, 2  # of each what is shown


def show_overview(console: Console, result: Mapping[str, Any]) -> None:
    """Print the verdicts with their numbers, and why hosts could not be judged."""
    hosts = result["hosts"]
    lost = sum(host["captures_now"] is False for host in hosts)
    unseen = sum(host["captures_now"] is None and host["verdict"] != "unsupported" for host in hosts)
    console.print(
        f" [bold]{len(hosts)} hosts[/]: a panic now leaves nothing on [red]{lost}[/], is unknown on {unseen}\n"
    )
    for verdict in reversed(BEST_FIRST):
        names = [host["host"] for host in hosts if host["verdict"] == verdict.value]
        if names:
            word = f"[{COLOURS[verdict.value]}]{verdict.value:14}[/]"
            _line(console, f"{word}  {len(names):>6}  [dim]{_names(names)}[/]")
    _reasons(console, _by(hosts, _said))
    _reasons(console, _by(hosts, _how))


def show_causes(console: Console, result: Mapping[str, Any]) -> None:
    """Print what is wrong, the worst on most hosts first."""
    causes = by_rule(host for host in result["hosts"] if "trouble" not in host)
    if not causes:
        return
    console.print()
    for cause in causes[:CAUSES]:
        _line(console, _cause(cause))
    left = len(causes[CAUSES:])
    why = f"`kdump-enabler explain {causes[0].finding['id']}` says why"
    more = f"{left} more causes; " if left else ""
    console.print(f"\n [dim]{more}--format html shows all of every host, {why}[/]")


def show_changes(console: Console, changes: Mapping[str, Any]) -> None:
    """Print how many hosts are not as in the baseline, and those that got worse by name."""
    counts = ", ".join(f"{len(changes[kind])} {kind}" for kind in ("better", "worse", "new", "gone"))
    console.print(f"\n [bold]Since {changes['generated_at']}[/]: {counts}")
    for steps, names in list(_by(changes["worse"], _step).items())[:REASONS]:
        _line(console, f"[red]worse[/]  {_names(names)}  {steps}")


def show_joined(console: Console, joined: Mapping[str, Any]) -> None:
    """Print what was odd when several results became one."""
    repeated, missing = joined["repeated"], joined["missing"]
    if repeated:
        _line(console, f"\n {len(repeated)} of the hosts are in several results, the newest counts: {_names(repeated)}")
    if missing:
        _line(console, f"\n [bold]{len(missing)} hosts of the inventory are in no result[/]: {_names(missing)}")


def _reasons(console: Console, groups: Mapping[str, list[str]]) -> None:
    if groups:
        console.print()
    for sentence, names in list(groups.items())[:REASONS]:
        _line(console, f"{len(names):>6}  {literal(sentence)}  [dim]{_names(names)}[/]")
    left = sum(map(len, list(groups.values())[REASONS:]))
    if left:
        console.print(f" {left:>6}  [dim]for other reasons[/]")


def _line(console: Console, text: str) -> None:
    """One line on a screen, whole where somebody reads it with another program."""
    seen = console.is_terminal
    console.print(f" {text}", no_wrap=True, overflow="ellipsis" if seen else "ignore", crop=seen)


def _cause(cause: Cause) -> str:
    finding = cause.finding
    title = literal(finding["title"]) + (f", and {cause.more} like it" if cause.more else "")
    numbers = f"{MARKS[finding['severity']]}  [dim]{finding['id']}[/]  {len(cause.hosts):>6}"
    return f"{numbers}  [bold]{title}[/]  [dim]{_names(cause.hosts)}[/]"


def _said(host: Host) -> str:
    """Why a host has no better word, or what failed on it."""
    return without_address(str(host["trouble"]["sentence"] if "trouble" in host else host["reason"]))


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
