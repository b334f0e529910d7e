"""Shows what a run is doing: a line for each change, and in between what it is waiting for."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO

from rich.console import Console
from rich.status import Status

from .fleet import MANY
from .visible import visible
from .wrapping import literal

HEARTBEAT = 30  # seconds between two signs of life where no line can be redrawn
LOOK = "Look at the host"  # the first task on each host (roles/audit)
BAR = 24  # characters
LOST = ("failed", "unreachable")


class Patient:
    """A stream to a terminal that may go away, or a file on a disk that may be full: progress that nobody can read ends
    no run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """How much of the text was taken, which is all of it."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what is kept."""
        with suppress(OSError):
            self._stream.flush()


class Progress:
    """A watcher of playbook events, to be used in a `with` statement."""

    def __init__(self, console: Console, diff: bool = False, dry_run: bool = False) -> None:
        self._console = console
        self._diff = diff
        self._verb = "would change" if dry_run else "changed"
        self._started: dict[tuple[str, str], float] = {}
        self._said: dict[tuple[str, str], str] = {}
        self._hosts = 0
        self._seen: set[str] = set()
        self._lost: set[str] = set()
        self._status = Status("Starting Ansible", console=console)
        self._ended = threading.Event()
        self._pulse = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Progress:
        self._pulse.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._pulse.join()
        self._status.stop()

    def _beat(self) -> None:
        """Say every second (every half minute where no line can be redrawn) what the run is waiting for."""
        while not self._ended.wait(1 if self._console.is_terminal else HEARTBEAT):
            for (host, task), began in list(self._started.items())[-1:]:
                said = self._said.get((host, task), "")
                words = f"{literal(host)}: {literal(task)}, {time.monotonic() - began:.0f} s  {literal(said)}".rstrip()
                words = f"{self._bar()}{words}"
                if self._console.is_terminal:
                    self._status.update(words)
                else:
                    self._console.print(f" [dim]waiting[/]  {words}")

    def __call__(self, event: Mapping[str, Any]) -> None:
        """One event: remember what began and how far it is, print what changed or failed. Only from the first one on a
        line is redrawn: before, Ansible may ask for a password there."""
        if self._console.is_terminal:
            self._status.start()
        key = (event["host"], event["task"].rpartition(" : ")[2])
        if event["event"] == "play":
            self._hosts = max(self._hosts, event["hosts"])
            return
        if event["event"] == "start":
            self._started[key] = time.monotonic()
            return
        if event["event"] == "progress":
            self._said[key] = event["message"]
            return
        seconds = time.monotonic() - self._started.pop(key, time.monotonic())
        what = f"{literal(key[0])}  {literal(key[1])}  [dim]{seconds:.0f} s[/]"
        if event["event"] == "ok" and event.get("changed"):
            self._console.print(f" [green]{self._verb}[/]  {what}")
            self._print_diff(event.get("diff"))
        elif event["event"] in LOST and self._hosts <= MANY:
            self._console.print(f" [red]{event['event']}[/]  {what}")
        self._count(event["event"], key)

    def _count(self, event: str, key: tuple[str, str]) -> None:
        """Remember which hosts were looked at, and which of them are lost."""
        if key[1] == LOOK:
            self._seen.add(key[0])
        if event in LOST:
            self._lost.add(key[0])

    def _bar(self) -> str:
        """How many hosts of a fleet were looked at; empty for one host, or when all were."""
        seen, lost = len(self._seen), len(self._lost)
        if self._hosts < 2 or seen >= self._hosts:
            return ""
        done = BAR * seen // self._hosts
        trouble = f", [red]{lost} failed[/]" if lost else ""
        return f"{'━' * done}[dim]{'─' * (BAR - done)}[/] {seen} of {self._hosts} hosts{trouble}  "

    def _print_diff(self, diff: Any) -> None:
        if self._diff:
            parts = diff if isinstance(diff, list) else [diff or {}]
            for part in parts:
                text = str(part.get("prepared", "")).rstrip("\n")
                if text:
                    lines = (visible(line.expandtabs()) for line in text.split("\n"))
                    self._console.print("\n".join(lines), markup=False, soft_wrap=True)
