"""What keeps sh from reading the GRUB defaults, so that no grub.cfg could be made from them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..evidence import Evidence
from . import tools
from .grub_defaults import Defaults
from .shell import APPENDING


@dataclass(frozen=True)
class SyntaxFault:
    """A configuration file that sh cannot read: the place and sh's own words."""

    path: str
    line: int
    message: str


def read(evidence: Evidence, defaults: Defaults) -> SyntaxFault | None:
    """The first place that sh cannot read; null for none."""
    for run in evidence.commands:
        if run.argv[:2] == ("sh", "-n") and run.rc not in (0, None):
            match = re.search(r": (\d+): (.*)", run.err)
            line, message = (int(match[1]), match[2]) if match else (0, run.err)
            opened = tools.unfinished_line(evidence.text(run.argv[2]) or "")
            if opened:
                return SyntaxFault(run.argv[2], opened, "a quote is opened and never closed")
            return SyntaxFault(run.argv[2], line, " ".join(message.split()))
    return _appending(evidence, defaults)


def _appending(evidence: Evidence, defaults: Defaults) -> SyntaxFault | None:
    """A `+=`, which dash takes for the name of a command: it finds none, and grub-mkconfig (`set -e`) ends there."""
    is_dash = (evidence.file("/bin/sh").link or "").rpartition("/")[2] == "dash"
    doubt = next((doubt for doubt in defaults.doubts if doubt.reason == APPENDING), None)
    return SyntaxFault(doubt.path, doubt.line, "dash knows no +=") if is_dash and doubt else None
