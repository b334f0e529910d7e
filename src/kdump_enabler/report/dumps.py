"""The dumps of hosts: two lines for each, or all that is known of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from ..facts.crashkernel import MIB
from ..rules.words import AS_ROOT, mib
from . import wrapping
from .text import show_name
from .wrapping import literal

Record = Mapping[str, Any]
TITLES = f" [dim]{'crashed (UTC)':21}{'kernel':24}{'size':>8}  {'state':12}{'crash':9}readable by[/]"
OPEN = "everyone"
DENIED = "Permission denied"  # strerror(3), in the reader's words


def show_list(console: Console, result: Record, _command: str, _verbose: bool) -> None:
    """Print the dumps of each host, the newest first, and what is wrong with one."""
    if any(host["vmcores"] for host in result["hosts"]):
        console.print(TITLES, soft_wrap=True)
    for host in result["hosts"]:
        show_name(console, host, _instead(host))
        for found in host["vmcores"] or ():
            for line in _lines(found):
                console.print(f" {line}", soft_wrap=True)
        for line in _remarks(host):
            console.print(f" {line}", soft_wrap=True)


def show_each(console: Console, result: Record, _command: str, _verbose: bool) -> None:
    """Print all that is known of the dump that each host was asked for."""
    for host in result["hosts"]:
        show_name(console, host, _instead(host))
        for found in host["vmcores"] or ():
            for title, words in _details(found):
                if words:
                    wrapping.show(console, f" [dim]{title:12}[/] ", words)
            for line in found["log_tail"] or ():
                console.print(f"   {literal(line.expandtabs())}", soft_wrap=True)
        for line in _remarks(host):
            console.print(f" {line}", soft_wrap=True)


def _lines(found: Record) -> Iterator[str]:
    colour, state = _state(found)
    kernel, readers = literal(found["kernel"] or ""), _readers(found)
    mark = "red" if readers == OPEN else "default"
    took = "" if found["size_bytes"] is None else size(found["size_bytes"])
    yield f"{_time(found):21}{kernel:24}{took:>8}  [{colour}]{state:12}[/]{_origin(found):9}[{mark}]{readers}[/]"
    yield f"  {literal(found['path'] or found['directory'])}"
    if found["reason"]:
        yield f"  [{colour}]{literal(found['reason'])}[/]"


def _details(found: Record) -> Iterator[tuple[str, str]]:
    """What is said of a dump; nothing of what could not be seen."""
    colour, state = _state(found)
    yield "dump", f"[bold]{literal(found['path'] or found['directory'])}[/]"
    yield "state", f"[{colour}]{': '.join([state, *map(literal, filter(None, [found['reason']]))])}[/]"
    yield "crashed", f"{_time(found)} UTC" if found["crashed_at"] else ""
    yield "crash", _origin(found)
    build = found["build_id"] and f"build id {found['build_id']}"
    cpus = found["cpus"] and f"{found['cpus']} CPUs"
    yield "kernel", _joined(found["kernel"], found["machine"], build)
    yield "host", _joined(found["node"], cpus)
    level = None if found["dump_level"] is None else f"dump level {found['dump_level']}"
    yield "format", _joined(found["format"], found["compression"] and f"compression {found['compression']}", level)
    if found["size_bytes"] is not None:
        took = f"{size(found['size_bytes'])} ({found['size_bytes']} bytes)"
        yield "size", _joined(took, f"{size(found['allocated_bytes'])} on disk", f"written {found['written_at']}")
        yield "readable by", f"{_readers(found)} (mode {found['mode']:04o}, uid {found['uid']}, gid {found['gid']})"
    if found["log"]:
        yield "kernel log", literal(f"{found['log']} ({found['log_bytes']} bytes)")
        unread = "the log could not be read" if found["log_tail"] is None else "no line of the log names one"
        yield "panic", f"[bold]{literal(found['panic'])}[/]" if found["panic"] else unread


def size(size_bytes: int) -> str:
    """As elsewhere, and in KiB what is below one MiB: most incomplete dumps are."""
    return mib(size_bytes) if size_bytes >= MIB else f"{size_bytes // 1024} KiB"


def _joined(*words: str | None) -> str:
    return ", ".join(literal(word) for word in words if word)


def _state(found: Record) -> tuple[str, str]:
    """One word for a dump, and its colour."""
    if found["complete"] is None:
        return "magenta", "unknown"
    return ("green", "complete") if found["complete"] else ("red", "incomplete" if found["path"] else "missing")


def _origin(found: Record) -> str:
    """Whether somebody crashed the machine on purpose."""
    return found["origin"] or "unknown"


def _time(found: Record) -> str:
    return str(found["crashed_at"] or found["written_at"] or "unknown").replace("T", " ").rstrip("Z")


def _readers(found: Record) -> str:
    """Who can read it, beside root."""
    if found["open_to_others"] is None:
        return ""
    if found["open_to_others"]:
        return OPEN
    group = f", group {found['gid']}" if found["gid"] and found["mode"] & 0o040 else ""
    return ("root" if found["uid"] == 0 else f"user {found['uid']}") + group


def _instead(host: Record) -> str:
    """What is said of a host without dumps."""
    if host["vmcores"]:
        return ""
    if host["facts"] is None:
        return f"{host['verdict']}: {host['reason']}"
    place = host["facts"]["dump_directory"]
    if host["vmcores"] is None:
        return "could not be seen" if place["local"] else f"not looked at: {place['path']} may wait for a network"
    return "no dump" if _elsewhere(host) else f"no dump; new ones go to {place['path']}"


def _elsewhere(host: Record) -> list[str]:
    """Where the host sends its dumps instead, in the words of its configuration."""
    return list(host["facts"]["dump_directory"]["sent_to"]) if host["facts"] else []


def _remarks(host: Record) -> Iterator[str]:
    for where in _elsewhere(host):
        yield f"Its dumps are kept elsewhere: {literal(where)}."
    denied = any(DENIED in (found["reason"] or "") for found in host["vmcores"] or ())
    if denied and host["facts"] and not host["facts"]["privileged"]:  # a share may be closed to root, too
        yield f"To see everything, {AS_ROOT}."
