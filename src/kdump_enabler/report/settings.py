"""The lines of files about each kernel setting, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from .wrapping import literal


def show_settings(console: Console, result: Mapping[str, Any]) -> None:
    """Print a block for each setting that some file names, the line that decides first; with several hosts, those of
    each."""
    many = len(result["hosts"]) > 1
    for host in result["hosts"]:
        judged = host["facts"] if not host["reason"] else None
        for setting in judged["settings"] if judged else ():
            of_host = f"{host['host']}, " if many else ""
            for line in _block(setting, of_host) if setting["lines"] else ():
                console.print(f" {literal(line)}" if line else "", soft_wrap=True)


def _block(setting: Mapping[str, Any], of_host: str) -> Iterator[str]:
    now, then = ("unknown" if setting[name] is None else setting[name] for name in ("running", "next_boot"))
    decided = setting["next_boot_source"]
    place = f", from {_place(decided)}" if decided else ""
    yield ""
    yield f"{of_host}{setting['key']}: {now} now, {then} at the next boot{place}"
    wide = max(len(_place(line)) for line in setting["lines"])
    for line in sorted(setting["lines"], key=lambda one: one["fate"] == "overruled"):
        # Who overrules is in the line above.
        by = f"  ({line['by']})" if line["by"] and line["fate"] != "overruled" else ""
        yield f"  {line['fate']:9}  {_place(line):{wide}}  {line['text']}{by}"


def _place(place: Mapping[str, Any]) -> str:
    return f"{place['source']}:{place['line']}" if place["line"] else str(place["source"])
