"""What a person reads: one screen with the verdict, what needs attention, and what to type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from ..finding import ENABLE, REBOOT
from ..rules.words import mib
from .causes import Cause, by_cause, like_each_other
from .document import cut_off, seen_elsewhere, was_looked_at
from .names import several
from .visible import visible

COLOURS = {
    "ready": "green",
    "reboot-pending": "yellow",
    "drift": "red",
    "broken": "bold red",
    "unsupported": "dim",
    "unknown": "magenta",
    "unreachable": "magenta",
}
CAPTURE = {True: "leaves a dump", False: "[red]leaves nothing[/]", None: "is unknown"}
UNJUDGED = ("unsupported", "unreachable")
MARKS = {"error": "[red]error[/]  ", "warning": "[yellow]warning[/]", "info": "[cyan]info[/]   "}
PROOFS = {
    "never": "never crashed on purpose",
    "unfinished": "begun and not looked at",
    "failed": "[red]failed[/]",
    "stale": "[yellow]does not hold any more[/]",
    "proven": "[green]a dump came out[/]",
}
DAY = 24 * 60 * 60
NAMED_HOSTS = 4
AROUND_FINDINGS = 9  # the verdict with its empty lines, the line about more findings, the prompt


def literal(text: str) -> str:
    """The text as it is, for a place where rich reads markup."""
    return escape(visible(text))


def show_name(console: Console, host: Mapping[str, Any], otherwise: str) -> None:
    """Print a host's name, with what is said instead of what would come below it; a failed step comes first."""
    instead = host["trouble"]["sentence"] if "trouble" in host else otherwise
    console.print(f" [bold]{literal(host['host'])}[/]" + (f"  {literal(instead)}" if instead else ""))


def show_hosts(console: Console, result: Mapping[str, Any]) -> None:
    """Print the verdicts, and why a host has no other."""
    many = len(result["hosts"]) != 1
    console.print(_hosts(result) if many else _host(result["hosts"][0]))
    elsewhere = [host for host in result["hosts"] if many and seen_elsewhere(host)]
    for host in elsewhere:
        console.print(f" [dim]{literal(host['host'])}: {literal(seen_elsewhere(host))}[/]", soft_wrap=True)
    for host in result["hosts"]:
        for line in _remarks(host) if was_looked_at(host) else ():
            console.print(Padding(line, (1, 0, 0, 1)))


def show_cut_off(console: Console, result: Mapping[str, Any]) -> None:
    """Print how much of a run is there that was cut off; nothing for a whole one."""
    said = cut_off(result)
    if said:
        console.print(Padding(f"[bold red]{literal(said)}[/]", (1, 0, 0, 1)))


def show_findings(console: Console, result: Mapping[str, Any], command: str, infos: bool = False) -> None:
    """Print what needs attention and what to type; `command` is how the user calls us for these hosts, such as
    `kdump-enabler enable -i inv`. A host in trouble is left out: that comes first. Findings that differ in their
    subject only are one, and on a terminal each takes two lines and all one screen; `infos` shows all, whole."""
    result = {**result, "hosts": [host for host in result["hosts"] if "trouble" not in host]}
    causes, todo = by_cause(result["hosts"], infos), list(_todo(result, command))
    shown = causes if infos else like_each_other(causes)
    short = console.is_terminal and not infos
    _print_causes(console, shown, many=len(result["hosts"]) > 1, room=_room(console, todo) if short else None)
    if todo:
        console.print()
    for line in todo:
        console.print(f" [bold]To do[/]  {line}", soft_wrap=True)


def _print_causes(console: Console, causes: list[Cause], many: bool, room: int | None) -> None:
    """The findings; no more than there is room for, the worst first, when there is a limit."""
    if causes:
        console.print()
    for cause in causes[:room]:
        console.print(_finding(cause, many, short=room is not None))
    left = len(causes[room:]) if room is not None else 0
    if left:
        console.print(f" [dim]and {left} more; --verbose shows all[/]")


def _room(console: Console, todo: list[str]) -> int:
    """How many findings of two lines fit on the screen beside the verdict, what to type, and the prompt."""
    lines = sum(1 + len(line) // console.width for line in todo)
    return max(3, (console.height - AROUND_FINDINGS - lines) // 2)


def show_plan(console: Console, result: Mapping[str, Any]) -> None:
    """Print what a run would change, once for all hosts with the same steps."""
    plans: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for host in result["hosts"]:
        if host["facts"] and not host["reason"] and "trouble" not in host:
            steps = tuple((step["step"], step["changes"]) for step in host["plan"])
            waits = () if steps or host["verdict"] != "reboot-pending" else (("reboot", "where --reboot allows it"),)
            plans.setdefault(steps or waits, []).append(host["host"])
    for steps, names in sorted(plans.items(), key=lambda item: -len(item[1])):
        console.print(Padding(_plan(steps, names), (1, 0, 0, 1)))


def _host(host: Mapping[str, Any]) -> Padding:
    """One host as a block."""
    facts = host["facts"] or {}
    machine = [literal(part) for part in (facts.get("name"), facts.get("kernel")) if part]
    lines = [f"[bold]{literal(host['host'])}[/]  [dim]{', '.join(machine)}[/]", _verdict(host)]
    if facts and host["verdict"] != "unsupported":
        lines.append(f"reserved: {_memory(facts['crashkernel'])}")
        lines.append(f"proof: {_proof(host['proof'])}")
    lines += [f"seen: {literal(said)}" for said in [seen_elsewhere(host)] if said]
    return Padding("\n".join(lines), (0, 0, 0, 1))


def _verdict(host: Mapping[str, Any]) -> str:
    verdict = f"[{COLOURS[host['verdict']]}]{host['verdict']}[/]"
    untold = host["verdict"] in UNJUDGED and host["captures_now"] is None
    return verdict if untold else f"{verdict}, a panic now {_capture(host)}"


def _capture(host: Mapping[str, Any]) -> str:
    """What a panic now leaves; with less memory than is wanted a dump may come out, or not."""
    little = any(finding["id"] == "KD020" for finding in host["findings"])
    return "may leave a dump" if little and host["captures_now"] else CAPTURE[host["captures_now"]]


def _hosts(result: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 1), header_style="dim")
    table.add_column("host", no_wrap=True, overflow="ignore")
    for title in ("verdict", "a panic now", "reserved", "next boot", "wanted"):
        table.add_column(title, no_wrap=True)
    for host in result["hosts"]:
        verdict = f"[{COLOURS[host['verdict']]}]{host['verdict']}[/]"
        sizes = (host["facts"] or {}).get("crashkernel", {})
        table.add_row(literal(host["host"]), verdict, _capture(host), *_amounts(sizes))
    return table


def _amounts(sizes: Mapping[str, Any]) -> list[str]:
    """Reserved now, at the next boot, and wanted."""
    known = [sizes.get(f"{name}_bytes") for name in ("running", "next_boot", "wanted")]
    return ["?" if value is None else mib(value) for value in known]


def _memory(sizes: Mapping[str, Any]) -> str:
    now, then, wanted = _amounts(sizes)
    return f"{now} now, {then} at the next boot, {wanted} wanted"


def _proof(proof: Mapping[str, Any]) -> str:
    """What the last crash on purpose is worth, and how old it is."""
    days = "" if proof["age_seconds"] is None else f", {_ago(proof['age_seconds'])}"
    seen = proof["outcome"].get("capture_memory")
    proven = seen and proof["state"] == "proven"
    return (
        PROOFS[proof["state"]] + days + (f", {mib(seen['least_available_bytes'])} of memory to spare" if proven else "")
    )


def _ago(seconds: int) -> str:
    days, hours = seconds // DAY, seconds // 3600
    return f"{days} days ago" if days > 1 else f"{hours} hours ago" if hours > 1 else f"{seconds // 60} minutes ago"


def _plan(steps: Iterable[tuple[str, str]], names: Sequence[str]) -> str:
    lines = [f"  {literal(step)}  [dim]{literal(changes)}[/]" for step, changes in steps]
    where = several([f"[bold]{literal(name)}[/]" for name in names], NAMED_HOSTS)
    return "\n".join([f"A run would, on {where}:" if lines else f"Nothing to do on {where}.", *lines])


def _remarks(host: Mapping[str, Any]) -> Iterator[str]:
    name = f"[bold]{literal(host['host'])}[/]"
    found = host.get("trouble")
    killed = host.get("killed_run")
    if killed:
        done = "this run went on with it" if killed["continued"] else "this run ended it"
        yield f"{name}: {literal(killed['goal'])} {literal(killed['run'])} had been killed; {done}."
    if found:
        yield f"{name}: [red]{literal(found['sentence'].rstrip('.'))}.[/] {literal(found['hint'])}"
        if "diff" in found:
            yield "\n".join(["Going back would change:", *map(literal, found["diff"].splitlines())])
    elif host["reason"]:
        yield f"{name} is {host['verdict']}: {literal(host['reason'])}."


def _finding(cause: Cause, many: bool, short: bool) -> Padding:
    """Two lines: what is wrong, then what was seen where and what should be."""
    finding, hosts = cause.finding, cause.hosts if many else []
    like = f", and {cause.more} like it" if cause.more else ""
    head = f"{MARKS[finding['severity']]}  [dim]{finding['id']}[/]  [bold]{literal(finding['title'])}[/]{like}"
    places = [f"({_place(source)})" for source in finding["evidence"][:1]]
    details = f"{literal(' '.join([finding['current'], *places]))} [dim]→[/] {literal(finding['wanted'])}"
    on = f"\non {literal(several(hosts, NAMED_HOSTS))}" if hosts else ""
    block = Table.grid()
    block.add_column(no_wrap=short, overflow="ellipsis" if short else "fold")
    block.add_row(head)
    block.add_row(Padding(details + on, (0, 0, 0, 9)))
    return Padding(block, (0, 0, 0, 1))


def _place(source: Mapping[str, Any]) -> str:
    line = f":{source['line']}" if source["line"] else ""
    return f"{source['source']}{line}"


def _todo(result: Mapping[str, Any], command: str) -> Iterator[str]:
    """What to type, in the order it is to be done: first what is left to a person, then ours, or a reboot."""
    findings = [finding for host in result["hosts"] for finding in host["findings"]]
    serious = [finding for finding in findings if finding["severity"] != "info"]
    remedies = list(dict.fromkeys(finding["remedy"] for finding in serious))
    by_hand = [remedy for remedy in remedies if remedy not in (ENABLE, REBOOT)]
    yield from (literal(remedy.replace(ENABLE, command)) for remedy in by_hand)
    if any(remedy.endswith(ENABLE) for remedy in by_hand):
        return
    if ENABLE in remedies:
        yield f"[bold cyan]{literal(command)}[/]"
    elif REBOOT in remedies:
        yield f"reboot, or let it be done: [bold cyan]{literal(command)} --reboot if-needed[/]"
