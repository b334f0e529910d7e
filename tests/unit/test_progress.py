"""What a run shows while it goes on."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from rich.console import Console

from kdump_enabler.report import progress
from kdump_enabler.report.progress import Progress


def shown(*events: dict[str, Any]) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=200, highlight=False, emoji=False)
    with Progress(console, diff=True) as progress:
        for event in events:
            progress(event)
    return stream.getvalue()


def test_names_and_differences_are_shown_and_not_obeyed() -> None:
    name, task = "[red]evil[/red]\x1b[31m", "kdump : write [/]\nfile"
    diff = [{"prepared": "+KDUMP_COREDIR=[bold]\x1b[2J\n\t-\x07x\n"}]
    text = shown(
        {"event": "start", "host": name, "task": task},
        {"event": "ok", "host": name, "task": task, "changed": True, "diff": diff},
        {"event": "failed", "host": name, "task": task},
    )
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    lines = text.splitlines()
    assert sum("[red]evil[/red]\\x1b[31m  write [/]\\nfile" in line for line in lines) == 2
    assert lines[1:3] == ["+KDUMP_COREDIR=[bold]\\x1b[2J", "        -\\x07x"]


def test_how_far_a_task_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT", 0.01)
    stream = io.StringIO()
    key = {"host": "web1", "task": "fetch_dumps : Fetch dumps"}
    with Progress(Console(file=stream, width=200, highlight=False)) as watch:
        watch({"event": "start", **key})
        watch({"event": "progress", **key, "message": "dump[red]: 8 of 64 MiB"})
        deadline = time.monotonic() + 10
        while "8 of 64" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "web1: Fetch dumps, 0 s  dump[red]: 8 of 64 MiB" in stream.getvalue()


def test_how_far_a_fleet_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT", 0.01)
    stream = io.StringIO()
    look = "kdump.enabler.audit : Look at the host"
    with Progress(Console(file=stream, width=200, highlight=False)) as watch:
        watch({"event": "play", "host": "", "task": "Look at the hosts", "hosts": 100})
        for number in range(50):
            watch({"event": "start", "host": f"web{number}", "task": look})
            watch({"event": "unreachable" if number == 7 else "ok", "host": f"web{number}", "task": look})
        watch({"event": "start", "host": "web99", "task": look})
        deadline = time.monotonic() + 10
        while "50 of" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert f"{'━' * 12}{'─' * 12} 50 of 100 hosts, 1 failed  web99: Look at the host, 0 s" in stream.getvalue()
    assert "unreachable" not in stream.getvalue(), "a fleet's report groups them"
