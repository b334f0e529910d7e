"""The tables that commands print, each made from the result document alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from ..finding import enables
from ..rules.words import AS_ROOT, mib
from . import dump_work, dumps, fleet, settings, simulations, text, wrapping
from .text import show_name
from .wrapping import literal

Result = Mapping[str, Any]
SIZES = ("", "crashkernel=", "here", "why")
UNSEEN = "the backup sets could not be read"


def render(view: str, result: Result, command: str, verbose: bool = False) -> str:
    """A view of the result as text for this terminal: hosts, findings, plan, policy, sizes or backups. `command` is
    how the user calls `enable` for these hosts."""
    console = Console(highlight=False, emoji=False)
    with console.capture() as captured:
        VIEWS[view](console, result, command, verbose)
        text.show_changed(console, result)
        text.show_cut_off(console, result)
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def _hosts(console: Console, result: Result, _command: str, _verbose: bool) -> None:
    text.show_hosts(console, fleet.shortened(console, result))


def _findings(console: Console, result: Result, command: str, verbose: bool) -> None:
    result = fleet.shortened(console, result)
    if len(result["hosts"]) > fleet.MANY and not verbose:
        fleet.show_overview(console, result)
        fleet.show_causes(console, result, command)
    else:
        text.show_hosts(console, result)
        text.show_findings(console, result, command, verbose)
    if verbose:
        _show_candidates(console, result)
        settings.show_settings(console, result)
    if "joined" in result:
        fleet.show_joined(console, result["joined"])
    if "baseline" in result:
        fleet.show_changes(console, result["baseline"])


def _plan(console: Console, result: Result, _command: str, verbose: bool) -> None:
    result = fleet.shortened(console, result)
    if len(result["hosts"]) > fleet.MANY and not verbose:
        fleet.show_overview(console, result)
    else:
        text.show_hosts(console, result)
    text.show_plan(console, result)


def _reboots(console: Console, result: Result, _command: str, _verbose: bool) -> None:
    text.show_hosts(console, fleet.shortened(console, result))
    text.show_reboots(console, result)


def _policy(console: Console, result: Result, _command: str, _verbose: bool) -> None:
    for host in result["hosts"]:
        rows = [(f"{one['key']} = {_yaml(one['value'])}", one["source"]) for one in host["policy"]]
        _block(console, host, ("policy", "stated by"), rows, f"no policy: {host['reason'] or 'nothing could be seen'}")


def _show_candidates(console: Console, result: Result) -> None:
    """Print for each host which reservations come into question, and why."""
    for host in result["hosts"]:
        rows = [] if host["reason"] else list(_candidates((host["facts"] or {}).get("crashkernel", {})))
        if rows:
            console.print()
            _block(console, host, SIZES, rows, "")


def _sizes(console: Console, result: Result, command: str, _verbose: bool) -> None:
    for host in result["hosts"]:
        found = (host["facts"] or {}).get("crashkernel", {})
        rows = [] if host["reason"] else list(_candidates(found))  # a container sees the RAM of its host
        _block(console, host, SIZES, rows, host["reason"] or "no size is known to fit")
        for line in _advice(host, found, command) if rows else ():
            wrapping.show(console, " ", line, under=3)


def _candidates(sizes: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for one in sizes.get("candidates", ()):
        yield "→" if one["chosen"] else "", one["text"], mib(one["bytes"]), one["reason"]


def _advice(host: Mapping[str, Any], sizes: Mapping[str, Any], command: str) -> Iterator[str]:
    ram, wanted = host["facts"]["memory_bytes"], sizes["wanted_bytes"]
    yield ""
    if wanted:
        yield f"{mib(wanted)} of {mib(ram)} are {100 * wanted / ram:.0f} %, and not there for programs any more."
    now, then = (_size(sizes[name]) for name in ("running_bytes", "next_boot_bytes"))
    yield f"reserved now: {now}; at the next boot: {then}"
    if wanted and (sizes["next_boot_bytes"] or 0) < wanted:
        here = literal(enables(host, command))
        yield f"[bold]To do[/]  [bold cyan]{here}[/], or with a value of your own: --crashkernel 512M"


def _size(size_bytes: int | None) -> str:
    return "unknown" if size_bytes is None else mib(size_bytes)


def _backups(console: Console, result: Result, _command: str, _verbose: bool) -> None:
    for host in result["hosts"]:
        sets = host["backups"]
        said = _unseen(host) if sets is None else "no backup set: nothing was changed here"
        show_name(console, host, "" if sets else said)
        for found in sets or ():
            for line in _backup(found):
                wrapping.show(console, " ", line, under=5)
    if any(host["backups"] for host in result["hosts"]):
        console.print("\n What a set holds: kdump-enabler backups --set SET")
        console.print(" What going back changes: kdump-enabler rollback --to SET --dry-run --diff")


def _unseen(host: Mapping[str, Any]) -> str:
    """Why the backup sets of a host are not known."""
    if host["facts"] is None:
        return f"{host['verdict']}: {host['reason']}"
    return UNSEEN + (", even by root" if host["facts"]["privileged"] else f"; {AS_ROOT}")


def _backup_set(console: Console, result: Result, _command: str, _verbose: bool) -> None:
    for host in result["hosts"]:
        unseen = host["backups"] is None or not all(found["readable"] for found in host["backups"])
        show_name(console, host, _unseen(host) if unseen else "" if host["backups"] else "no such backup set")
        for found in host["backups"] or ():
            for line in _everything(found) if found["readable"] else ():
                wrapping.show(console, " ", line, under=5)


def _everything(found: Mapping[str, Any]) -> Iterator[str]:
    """All that is known of one set."""
    restored = f"restored {found['restored_at']}" if found["restored_at"] else "can be restored"
    yield f"[bold]{literal(found['name'])}[/]  {literal(restored)}"
    yield f"  begun {literal(found['created_at'])}, by kdump-enabler {literal(found['tool_version'])}"
    for kept in found["kept"]:
        yield f"  {literal(kept['path'])}: {_state(kept['before'])} → {_state(kept['after'])}"
    for kind in ("units", "settings"):
        for name, value in found[kind].items():
            yield f"  {literal(name)}: {literal(value['before'])} → {literal(value['after'])}"
    if found["packages"]:
        yield f"  installed {literal(', '.join(found['packages']))}"


def _state(mark: Mapping[str, Any] | None) -> str:
    return f"{literal(mark['mode'])}, sha256 {literal(mark['sha256'][:12])}" if mark else "no file"


def _backup(found: Mapping[str, Any]) -> Iterator[str]:
    name = f"[bold]{literal(found['name'])}[/]"
    if not found["readable"]:
        yield f"{name}  only root can read it"
        return
    yield f"{name}  " + (f"restored {literal(found['restored_at'])}" if found["restored_at"] else "can be restored")
    yield from (f"  {literal(path)}" for path in found["files"])
    if found["packages"]:
        yield f"  installed {literal(', '.join(found['packages']))}"


def _block(
    console: Console, host: Mapping[str, Any], titles: Sequence[str], rows: Sequence[Sequence[str]], otherwise: str
) -> None:
    """A host's name with a table below it, or with a sentence when there are no rows."""
    show_name(console, host, "" if rows else otherwise)
    if rows:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for title in titles:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*map(literal, row))
        console.print(Padding(table, (0, 0, 0, 1)))


def _yaml(value: Any) -> str:
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _proofs(console: Console, result: Result, _command: str, _verbose: bool) -> None:
    text.show_hosts(console, fleet.shortened(console, result))
    for host in result["hosts"]:
        found = host["proof"]
        if "trouble" not in host and found and found["state"] == "proven":
            for line in _proven(host["host"], found["outcome"]):
                wrapping.show(console, " ", line, under=5)


def _proven(host: str, outcome: Mapping[str, Any]) -> Iterator[str]:
    """What was proven, and how long it took."""
    dump, seconds = outcome["dump"], outcome["seconds"]
    yield ""
    yield f"[bold]{literal(host)}[/]: [green]proven[/], {literal(outcome['sentence'])}"
    build = literal(str(dump["build_id"])[:12])
    yield f"  {mib(dump['size_bytes'])} of kernel {literal(dump['kernel'])}, build {build}"
    known = {"the dump was written": seconds["crash_to_dump"], "the host was back": seconds["crash_to_back"]}
    told = [f"{what} {took} s after the crash" for what, took in known.items() if took is not None]
    if told:
        yield f"  {', '.join(told)}"
    memory = outcome.get("capture_memory")
    if memory:
        spare, total = mib(memory["least_available_bytes"]), mib(memory["total_bytes"])
        yield f"  the capture kernel had {spare} of its {total} to spare"


VIEWS: Mapping[str, Callable[[Console, Result, str, bool], None]] = {
    "hosts": _hosts,
    "findings": _findings,
    "plan": _plan,
    "reboots": _reboots,
    "policy": _policy,
    "sizes": _sizes,
    "backups": _backups,
    "dumps": dumps.show_list,
    "dump": dumps.show_each,
    "fetched": dump_work.show_fetched,
    "pruned": dump_work.show_pruned,
    "backup set": _backup_set,
    "proofs": _proofs,
    "simulations": simulations.show,
}
