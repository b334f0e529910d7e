"""Phrases that several rules use."""

from __future__ import annotations

from dataclasses import replace

from ..facts.crashkernel import MIB
from ..facts.grub import Entry
from ..facts.machine import Facts
from ..finding import Finding, Severity, Source

AS_ROOT = "run it again as root (with sudo, or --become for an inventory)"


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
        remedy=AS_ROOT,
        unseen=True,
    )


def after_root(finding: Finding) -> Finding:
    """A finding of a look that root had, whom nobody needs to send there once more."""
    there = f"look at {finding.evidence[0].source} yourself: root could not tell, either"
    return replace(finding, remedy=there) if finding.remedy == AS_ROOT else finding


def asked_at(facts: Facts, entry: Entry, text: str) -> Source:
    """Where a boot entry asks for this: in its own lines, or in GRUB's environment block, whose variables come into
    them."""
    lines = (facts.evidence.text(facts.menu.env) or "").split("\n")
    at = next((at for at, line in enumerate(lines, 1) if text in line.partition("=")[2].split()), 0)
    there = text in (facts.evidence.text(entry.file) or "")
    return Source(facts.menu.env, at, text) if at and not there else Source(entry.file, entry.line, text)
