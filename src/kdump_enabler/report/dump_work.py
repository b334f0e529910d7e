"""What became of dumps: those that were fetched, those that go or stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from ..dumps.fetching import FAILED, FETCHED, SKIPPED, THERE
from . import wrapping
from .dumps import size
from .text import show_name
from .wrapping import literal

Record = Mapping[str, Any]
STATES = {
    FETCHED: "[green]fetched[/]",
    THERE: "[green]is here[/]",
    SKIPPED: "[yellow]skipped[/]",
    FAILED: "[red]failed[/] ",
}
UNSEEN = "its dumps could not be seen"


def show_fetched(console: Console, result: Record, _command: str, _verbose: bool) -> None:
    """Print where each file is now, and what was not fetched and why."""
    for host in result["hosts"]:
        found = host.get("fetched")
        show_name(console, host, host["reason"] or UNSEEN if found is None else "" if found else "no dump")
        for one in found or ():
            wrapping.show(console, f" {STATES[one['state']]}  ", literal(one["to"] or one["path"]))
            for words in filter(None, (_size(one), one["sentence"])):
                wrapping.show(console, " " * 10, literal(words))


def show_pruned(console: Console, result: Record, _command: str, _verbose: bool) -> None:
    """Print for each dump whether it goes, and why, and how much room that gives."""
    for host in result["hosts"]:
        found = host.get("pruned")
        show_name(console, host, host["reason"] or UNSEEN if found is None else "" if found else "no dump")
        for one in found or ():
            wrapping.show(console, f" {_fate(one)}  ", f"{literal(_subject(one))}  {size(one['bytes'])}")
            wrapping.show(console, " " * 10, literal(one["left"] or one["reason"]))
        removed = sum(one["bytes"] for one in found or () if one["removed"])
        going = sum(one["bytes"] for one in found or () if one["goes"] and not one["removed"] and not one["left"])
        if removed:
            console.print(f" {size(removed)} are free again ({removed} bytes)")
        if going:
            console.print(f" {size(going)} would be free again ({going} bytes). Nothing was removed: --yes removes it.")


def _fate(one: Record) -> str:
    if one["left"]:
        return "[yellow]left[/]   "
    if one["removed"]:
        return "[green]removed[/]"
    return "[bold]goes[/]   " if one["goes"] else "stays  "


def _subject(one: Record) -> str:
    return ", ".join(one["paths"]) or str(one["directory"])


def _size(one: Record) -> str:
    if one["size_bytes"] is None:
        return ""
    moved = "nothing was transferred" if one["state"] == THERE else f"{one['transferred_bytes']} transferred"
    return f"{one['size_bytes']} bytes, {moved}" + (f", sha256 {one['sha256']}" if one["sha256"] else "")
