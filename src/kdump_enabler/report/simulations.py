"""A simulation: what should happen on each host, and what did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from . import wrapping
from .text import show_name
from .wrapping import literal

Record = Mapping[str, Any]
PANICS = {True: "the kernel panics", False: "the host goes on", None: "whether the kernel panics is unknown"}
DUMPS = {True: "comes out: a capture kernel is loaded", False: "would not come out", None: "unknown"}


def show(console: Console, result: Record, _command: str, _verbose: bool) -> None:
    """Print for each host what is said before, or whether it came true."""
    for host in result["hosts"]:
        show_name(console, host, f"{host['verdict']}: {host['reason']}" if host["facts"] is None else "")
        for title, words in _lines(host):
            wrapping.show(console, f"   [dim]{title:10}[/] ", words)


def _lines(host: Record) -> Iterator[tuple[str, str]]:
    found = host.get("simulation")
    if found:
        yield "makes", literal(_made(found))
        yield from _expected(found["expected"])
        if found["state"] == "unfinished":
            yield "but", "an earlier one was begun and not looked at; that comes first, and nothing is made"
        if found["seen"]:
            yield from _seen(found)


def _made(found: Record) -> str:
    """The kind with its options, in a phrase."""
    options = found["options"]
    parts = [found["kind"]]
    if options["duration"]:
        parts.append(f"for {options['duration']} s")
    if options["iterations"] > 1:
        parts.append(f"{options['iterations']} times, {options['cooldown']} s apart")
    if options["off"]:
        parts.append(f"with {', '.join(options['off'])} off")
    where = {None: "", "all": "on all CPUs"}.get(options["cpu"], f"on CPU {options['cpu']}")
    parts += [where] if where else []
    parts += [f"in state {options['state']}"] if found["kind"] == "hung-task" else []
    by = {"module": "by our module", "test_lockup": "by the kernel's test_lockup"}.get(found["trigger"])
    return ", ".join([" ".join(parts), *([by] if by else [])])


def _expected(expected: Record) -> Iterator[tuple[str, str]]:
    names = [_detector(one) for one in expected["detectors"]]
    if expected["reason"]:
        yield "expected", f"[yellow]its own detector says nothing: {literal(expected['reason'])}[/]"
    if names:
        yield ("also" if expected["reason"] else "expected"), literal("; ".join(names))
    yield "then", literal(PANICS[expected["panics"]])
    if expected["panics"] is not False:
        yield "dump", literal(DUMPS[expected["dumps"]])
    for remark in expected["remarks"]:
        yield "beware", literal(remark)


def _detector(one: Record) -> str:
    when = "" if one["after_seconds"] is None else f" after {one['after_seconds']} s"
    if one["at_most_seconds"] and one["at_most_seconds"] != one["after_seconds"]:
        when += f" ({one['at_most_seconds']} s at most)"
    does = {True: "panics", False: "only reports", None: "may panic"}[one["panics"]]
    return f"{one['name']} noticed{when}, which {does}" + (f" ({one['setting']})" if one["setting"] else "")


def _seen(found: Record) -> Iterator[tuple[str, str]]:
    seen = found["seen"]
    for one in seen["detectors"] or ():
        when = "" if one["after_seconds"] is None else f" after {one['after_seconds']:.0f} s"
        yield "seen", literal(f"{one['name']}{when}: {one['line']}")
    if seen["detectors"] == []:
        yield "seen", "nobody noticed it"
    if seen["panic"]:
        yield "panic", literal(seen["panic"])
    yield "result", literal({True: "panicked", False: "survived", None: "did not come back"}[seen["panicked"]])
    if seen["dump"]:
        yield "dump", literal(f"{seen['dump']}, {'whole, of this panic' if seen['complete'] else 'not usable'}")
    agreed = f"[red]no: {literal(found['difference'])}[/]" if found["difference"] else "[green]yes[/]"
    yield "as said", agreed
