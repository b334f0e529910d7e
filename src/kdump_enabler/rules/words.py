"""Phrases that several rules use."""

from __future__ import annotations

from ..facts.crashkernel import MIB
from ..finding import Finding, Severity, Source


def mib(size_bytes: int) -> str:
    """A size for people, in MiB or GiB."""
    if size_bytes >= 10 * 1024 * MIB:
        return f"{size_bytes / 1024 / MIB:.0f} GiB"
    return f"{size_bytes // MIB} MiB"


def unseen(identifier: str, what: str, path: str) -> Finding:
    """The finding that stands for something that could not be read: it is neither good nor bad."""
    return Finding(
        id=identifier,
        severity=Severity.WARNING,
        title=f"{what} could not be seen",
        current="unknown",
        wanted="to be readable",
        evidence=(Source(path),),
        remedy="run it again as root (with sudo, or --become for an inventory)",
        unseen=True,
    )
