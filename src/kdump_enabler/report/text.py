"""What a person reads: one screen with the verdict, what needs attention, and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from ..rules.reservation import ENABLE, REBOOT
from ..rules.words import mib

COLOURS = {
    "ready": "green",
    "reboot-pending": "yellow",
    "drift": "red",
    "broken": "bold red",
    "unsupported": "dim",
    "unknown": "magenta",
    "unreachable": "magenta",
}
CAPTURE = {True: "leaves a dump", False: "[red]leaves nothing[/]", None: "unknown"}
MARKS = {"error": "[red]error[/]  ", "warning": "[yellow]warning[/]", "info": "[cyan]info[/]   "}
NAMED_HOSTS = 4


def show(console: Console, result: Mapping[str, Any], command: str, infos: bool = False, findings: bool = True) -> None:
    """Print a result; `command` is how the user calls us for these hosts, such as `kdump-enabler enable -i inv`;
    without `findings` only the table of hosts."""
    console.print(_hosts(result))
    for host in result["hosts"]:
        for line in _remarks(host):
            console.print(Padding(line, (1, 0, 0, 1)))
    if not findings:
        return
    many = len(result["hosts"]) > 1
    for finding, hosts in _by_cause(result, infos):
        console.print()
        console.print(_finding(finding, hosts if many else []))
    todo = list(_todo(result, command))
    if todo:
        console.print()
        for line in todo:
            console.print(f" [bold]To do[/]  {line}")


def _hosts(result: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 1), header_style="dim")
    for title in ("host", "verdict", "a panic now", "memory: now, next boot, wanted", "machine"):
        table.add_column(title, no_wrap=title in ("host", "verdict", "a panic now"))
    for host in result["hosts"]:
        colour = COLOURS[host["verdict"]]
        facts = host["facts"] or {}
        table.add_row(
            escape(host["host"]),
            f"[{colour}]{host['verdict']}[/]",
            CAPTURE[host["captures_now"]],
            _memory(facts.get("crashkernel", {})),
            escape(", ".join(part for part in (facts.get("name"), facts.get("kernel")) if part)),
        )
    return table


def _memory(sizes: Mapping[str, Any]) -> str:
    values = [sizes.get(name) for name in ("running_bytes", "next_boot_bytes", "wanted_bytes")]
    return " · ".join("?" if value is None else mib(value) for value in values)


def _remarks(host: Mapping[str, Any]) -> Iterator[str]:
    name = f"[bold]{escape(host['host'])}[/]"
    found = host.get("trouble")
    if found:
        yield f"{name}: [red]{escape(found['sentence'].rstrip('.'))}.[/] {escape(found['hint'])}"
    elif host["reason"]:
        yield f"{name} is {host['verdict']}: {escape(host['reason'])}."


def _by_cause(result: Mapping[str, Any], infos: bool) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Findings with the hosts that share them, errors first."""
    causes: dict[tuple[str, ...], tuple[Mapping[str, Any], list[str]]] = {}
    for host in result["hosts"]:
        for finding in host["findings"]:
            if infos or finding["severity"] != "info":
                key = tuple(str(finding[name]) for name in ("id", "title", "current", "wanted"))
                causes.setdefault(key, (finding, []))[1].append(host["host"])
    order = list(MARKS)
    return sorted(causes.values(), key=lambda cause: order.index(cause[0]["severity"]))


def _finding(finding: Mapping[str, Any], hosts: list[str]) -> Padding:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    places = [_place(source) for source in finding["evidence"][:1]]
    rows = (
        ("now", finding["current"]),
        ("wanted", finding["wanted"]),
        ("seen in", places[0] if places else ""),
        (
            "on",
            ", ".join(hosts[:NAMED_HOSTS])
            + (f" and {len(hosts) - NAMED_HOSTS} more" if len(hosts) > NAMED_HOSTS else ""),
        ),
    )
    head = f"{MARKS[finding['severity']]} {finding['id']}  [bold]{escape(finding['title'])}[/]"
    outer = Table.grid()
    outer.add_row(head)
    for name, value in rows:
        if value:
            table.add_row(f"{name:>15}", escape(value))
    outer.add_row(table)
    return Padding(outer, (0, 0, 0, 1))


def _place(source: Mapping[str, Any]) -> str:
    line = f":{source['line']}" if source["line"] else ""
    return f"{source['source']}{line}"


def _todo(result: Mapping[str, Any], command: str) -> Iterator[str]:
    """What to type: one line for each different remedy, ours first."""
    findings = [finding for host in result["hosts"] for finding in host["findings"]]
    serious = [finding for finding in findings if finding["severity"] != "info"]
    remedies = list(dict.fromkeys(finding["remedy"] for finding in serious))
    if any(remedy.endswith(ENABLE) for remedy in remedies):
        yield f"[bold cyan]{escape(command)}[/]"
    elif REBOOT in remedies:
        yield f"reboot, or let it be done: [bold cyan]{escape(command)} --reboot if-needed[/]"
    yield from (escape(remedy) for remedy in remedies if remedy not in (ENABLE, REBOOT))
