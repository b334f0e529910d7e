"""What is said beside the reports: questions before a change, errors, and what to do about them."""

from __future__ import annotations

import re

MARGIN = re.compile(r" *(?:\d+\. )?")


def show(text: str, err: bool = False) -> None:
    """Print the lines of the text; on a terminal that is too narrow each goes on below, under its own beginning. A file
    or a pipe gets them as they are."""
    from rich.console import Console  # noqa: PLC0415 - most commands that end well say nothing here

    from .wrapping import literal, show  # noqa: PLC0415

    console = Console(stderr=err, highlight=False, emoji=False)
    for line in text.splitlines():
        margin = MARGIN.match(line)
        head = margin[0] if margin else ""
        show(console, head, literal(line[len(head) :]))
