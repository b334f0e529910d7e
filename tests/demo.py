"""`make demo`: a plain Debian 12 in a virtual machine becomes crash-ready, crashes, leaves a vmcore, and goes back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.system.story import Story, timed, title
from tests.vm.machine import Machine

console = Console(highlight=False)


def say(line: str) -> None:
    """A line of the story: commands stand out, everything else is indented as it was printed."""
    command = line.startswith("[")
    console.print(f"  [bold cyan]{escape(line)}[/]" if command else f"  {escape(line)}", soft_wrap=True)


def main() -> None:
    """Play every step and sum up how long each took."""
    times = []
    with tempfile.TemporaryDirectory() as folder, Machine("demo") as machine:
        story = Story(machine, Path(folder), say)
        for number, step in enumerate(Story.STEPS, 1):
            console.print(f"\n[bold]{number}. {title(step)}[/]\n", soft_wrap=True)
            times.append((title(step), timed(step, story)))
    console.print("\n[bold green]Done.[/] How long each step took:\n")
    table = Table(box=None)
    table.add_column("step")
    table.add_column("seconds", justify="right")
    for name, seconds in times:
        table.add_row(name, f"{seconds:.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
