"""What a person reads: one screen with the verdict, what needs attention, and what to type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ..finding import ENABLE, REBOOT, enables, typed
from ..rules.words import mib
from . import wrapping
from .causes import Cause, by_cause, like_each_other
from .document import cut_off, seen_elsewhere, was_looked_at, what_failed
from .names import several
from .to_do import show_to_do, to_do
from .wrapping import literal

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
BETWEEN = "   "  # two columns of the table
DETAILS = " " * 10  # before what is said of a finding
AROUND_FINDINGS = 9  # the verdict with its empty lines, the line about more findings, the prompt


def show_name(console: Console, host: Mapping[str, Any], otherwise: str) -> None:
    """Print a host's name, with what is said instead of what would come below it; a failed step comes first."""
    instead = what_failed(host) or otherwise
    name = f"[bold]{literal(host['host'])}[/]"
    wrapping.show(console, " ", f"{name}  {literal(instead)}" if instead else name, under=3, prose=True)


def show_hosts(console: Console, result: Mapping[str, Any]) -> None:
    """Print the verdicts, and why a host has no other."""
    if len(result["hosts"]) == 1:
        _print_host(console, result["hosts"][0])
    else:
        _print_hosts(console, result["hosts"])
    for host in result["hosts"]:
        for line in _remarks(host) if was_looked_at(host) else ():
            console.print()
            for part in line.split("\n"):
                wrapping.show(console, " ", part, under=3, prose=True)


def show_cut_off(console: Console, result: Mapping[str, Any]) -> None:
    """Print how much of a run is there that was cut off; nothing for a whole one."""
    said = cut_off(result)
    if said:
        console.print()
        wrapping.show(console, " ", f"[bold red]{literal(said)}[/]", prose=True)


def show_changed(console: Console, result: Mapping[str, Any]) -> None:
    """Print which hosts a run has changed, or that it has changed none; nothing of a run that only looks, is cut off,
    or has changed the one host that it is for, as each change was told."""
    changed, number = result.get("changed"), len(result["hosts"])
    if changed is None or "cut_off" in result or (changed and number == 1):
        return
    unseen = any(host["facts"] is None for host in result["hosts"])
    where = " on the hosts that answered" if unseen else ""
    said = f"Changed {len(changed)} of {number} hosts: {literal(several(changed, NAMED_HOSTS))}"
    console.print()
    wrapping.show(console, " ", said if changed else f"Nothing was changed{where}.", under=3, prose=True)


def show_findings(console: Console, result: Mapping[str, Any], command: str, infos: bool = False) -> None:
    """Print what needs attention and what to type; `command` is how the user calls us for these hosts, such as
    `kdump-enabler enable -i inv`. A host in trouble is left out: that comes first. Findings that differ in their
    subject only are one, and on a terminal each takes two lines and all one screen; `infos` shows all, whole, each with
    every place it was seen in, and with what is left to a person."""
    result = {**result, "hosts": [host for host in result["hosts"] if "trouble" not in host]}
    hosts, todo = result["hosts"], list(to_do(result, command))
    causes = by_cause([_typed(host, command) for host in hosts], infos) if infos else like_each_other(by_cause(hosts))
    short = console.is_terminal and not infos
    _print_causes(console, causes, len(hosts) > 1, infos, _room(console, todo) if short else None)
    show_to_do(console, todo)


def _typed(host: Mapping[str, Any], command: str) -> dict[str, Any]:
    """The host, whose findings have what is left to a person as the user types it."""
    here = enables(host, command)
    remedies = {one["remedy"]: typed(one["remedy"], here) for one in host["findings"] if one["remedy"] != ENABLE}
    return {**host, "findings": [one | {"remedy": remedies.get(one["remedy"], ENABLE)} for one in host["findings"]]}


def _print_causes(console: Console, causes: list[Cause], many: bool, whole: bool, room: int | None) -> None:
    """The findings; no more than there is room for, the worst first, when there is a limit."""
    if causes:
        console.print()
    for cause in causes[:room]:
        _print_finding(console, cause, many, whole, short=room is not None)
    left = len(causes[room:]) if room is not None else 0
    if left:
        console.print(f" [dim]and {left} more; --verbose shows all[/]")


def _room(console: Console, todo: list[str]) -> int:
    """How many findings of two lines fit on the screen beside the verdict, what to type, and the prompt."""
    lines = sum(1 + len(line) // max(1, console.width - len(DETAILS)) for line in todo)
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
        console.print()
        where = several([f"[bold]{literal(name)}[/]" for name in names], NAMED_HOSTS)
        heading = f"A run would, on {where}:" if steps else f"Nothing to do on {where}."
        wrapping.show(console, " ", heading, under=3, prose=True)
        for step, changes in steps:
            wrapping.show(console, f"   {literal(step)}  ", f"[dim]{literal(changes)}[/]", under=5, prose=True)


def show_reboots(console: Console, result: Mapping[str, Any]) -> None:
    """Print which hosts a run of `reboot` would reboot: those where only that is missing."""
    found = [host for host in result["hosts"] if host["verdict"] == "reboot-pending" and "trouble" not in host]
    names = several([f"[bold]{literal(host['host'])}[/]" for host in found], NAMED_HOSTS)
    console.print()
    said = f"A run would reboot {names}." if found else "A run would reboot no host: only a reboot is missing on none."
    wrapping.show(console, " ", said, under=3, prose=True)


def _print_host(console: Console, host: Mapping[str, Any]) -> None:
    """One host as a block."""
    facts = host["facts"] or {}
    machine = [literal(part) for part in (facts.get("name"), facts.get("kernel")) if part]
    lines = [f"[bold]{literal(host['host'])}[/]  [dim]{', '.join(machine)}[/]", _verdict(host)]
    if facts and host["verdict"] != "unsupported":
        lines.append(f"reserved: {_memory(facts['crashkernel'])}")
        lines.append(f"proof: {_proof(host['proof'])}")
    lines += [f"seen: {literal(said)}" for said in [seen_elsewhere(host)] if said]
    for line in lines:
        wrapping.show(console, " ", line, under=3, prose=True)


def _verdict(host: Mapping[str, Any]) -> str:
    verdict = f"[{COLOURS[host['verdict']]}]{host['verdict']}[/]"
    untold = host["verdict"] in UNJUDGED and host["captures_now"] is None
    return verdict if untold else f"{verdict}, a panic now {_capture(host)}"


def _capture(host: Mapping[str, Any]) -> str:
    """What a panic now leaves; with less memory than is wanted a dump may come out, or not."""
    little = any(finding["id"] == "KD020" for finding in host["findings"])
    return "may leave a dump" if little and host["captures_now"] else CAPTURE[host["captures_now"]]


def _print_hosts(console: Console, hosts: Sequence[Mapping[str, Any]]) -> None:
    """A line for each host, in columns; on a terminal that is too narrow for them two or more."""
    rows = [[Text.from_markup(cell, emoji=False) for cell in row] for row in _rows(hosts)]
    wide = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    if console.is_terminal and sum(wide) + len(BETWEEN) * (len(wide) - 1) > console.width:
        for host in hosts:
            wrapping.show(console, " ", f"[bold]{literal(host['host'])}[/]", under=1)
            memory = f"; reserved: {_memory(host['facts']['crashkernel'])}" if host["facts"] else ""
            wrapping.show(console, "   ", _verdict(host) + memory)
    else:
        for row in rows:
            for cell, columns in zip(row[:-1], wide, strict=False):
                cell.pad_right(columns - cell.cell_len)
            console.print(Text(BETWEEN).join(row), soft_wrap=True)
    for host in filter(seen_elsewhere, hosts):
        wrapping.show(console, " ", f"[dim]{literal(host['host'])}: {literal(seen_elsewhere(host))}[/]", under=3)


def _rows(hosts: Iterable[Mapping[str, Any]]) -> Iterator[list[str]]:
    """The table of hosts, with its titles, as markup."""
    yield [f"[dim]{title}[/]" for title in ("host", "verdict", "a panic now", "reserved", "next boot", "wanted")]
    for host in hosts:
        verdict = f"[{COLOURS[host['verdict']]}]{host['verdict']}[/]"
        sizes = (host["facts"] or {}).get("crashkernel", {})
        yield [literal(host["host"]), verdict, _capture(host), *_amounts(sizes)]


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


def _remarks(host: Mapping[str, Any]) -> Iterator[str]:
    name = f"[bold]{literal(host['host'])}[/]"
    found = host.get("trouble")
    killed = host.get("killed_run")
    if killed:
        done = "went on with it" if killed["continued"] else "ended it. What it had changed is in its backup set"
        yield f"{name}: {literal(killed['goal'])} {literal(killed['run'])} had been killed; this run {done}."
    if found:
        yield f"{name}: [red]{literal(found['sentence'].rstrip('.'))}.[/] {literal(found['hint'])}"
        if "diff" in found:
            yield "\n".join(["Going back would change:", *map(literal, found["diff"].splitlines())])
    elif host["reason"]:
        yield f"{name} is {host['verdict']}: {literal(host['reason'])}."


def _print_finding(console: Console, cause: Cause, many: bool, whole: bool, short: bool) -> None:
    """Two lines: what is wrong, then what was seen where and what should be, and a third for the hosts. What is `whole`
    has more of them, what is `short` is cut where the screen ends, anything else goes on below."""
    finding, hosts = cause.finding, cause.hosts if many else []
    places = [f"({_place(source)})" for source in finding["evidence"][: 0 if whole else 1]]
    number = f"{len(hosts)} hosts: " if len(hosts) > NAMED_HOSTS else ""
    lines = [
        (f" {MARKS[finding['severity']]}  [dim]{finding['id']}[/]  ", f"[bold]{literal(cause.title)}[/]"),
        (DETAILS, f"{literal(' '.join([finding['current'], *places]))} [dim]→[/] {literal(finding['wanted'])}"),
        *((DETAILS, _seen(source)) for source in finding["evidence"] if whole),
        *([(DETAILS, f"on {number}{literal(several(hosts, NAMED_HOSTS))}")] if hosts else []),
    ]
    for head, words in lines:
        if short:
            console.print(head + words, no_wrap=True, overflow="ellipsis")
        else:
            wrapping.show(console, head, words, prose=True)
    if whole and finding["remedy"] not in (ENABLE, REBOOT):
        wrapping.show(console, DETAILS, f"[dim]to do:[/] {literal(finding['remedy'])}")


def _seen(source: Mapping[str, Any]) -> str:
    """A place with what stands there."""
    return f"[dim]seen in[/] {literal(': '.join(filter(None, (_place(source), source['text']))))}"


def _place(source: Mapping[str, Any]) -> str:
    line = f":{source['line']}" if source["line"] else ""
    return f"{source['source']}{line}"
