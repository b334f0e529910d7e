"""What kdump-enabler 1.0.0, a shell script, left behind: proven by the backups that only it named so."""

from __future__ import annotations

from collections.abc import Iterator

from ..changing.cleanup import cleanup
from ..facts.leftovers import SYSRQ_LINE
from ..facts.machine import Facts
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy


def prepended(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD080: version 1.0.0 wrote crashkernel= to the front of GRUB_CMDLINE_LINUX_DEFAULT, again with each run before
    a reboot. There it loses to every later one, such as that of kdump-tools' own drop-in (kernel/crash_reserve.c)."""
    words = facts.leftovers.words
    if not words:
        return
    goes = bool(cleanup(facts, policy).words)
    places = ", ".join(dict.fromkeys(f"line {word.line}" for word in words))
    yield Finding(
        id="KD080",
        severity=Severity.WARNING,
        title="Version 1.0.0 left crashkernel= words in the GRUB defaults",
        current=f"in {words[0].path}, {places}",
        wanted="one reservation, in a file of its own",
        evidence=tuple(Source(word.path, word.line, word.text) for word in words),
        remedy=ENABLE if goes else f"take it out of {words[0].path}, {places}, when another one reserves as much",
        by_hand=not goes,
    )


def sysrq_line(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD081: version 1.0.0 allowed every SysRq key for good, also those that kill and reboot, although a dump needs
    the crash key only (bit 8), and root's /proc/sysrq-trigger none (admin-guide/sysrq.rst)."""
    line = facts.leftovers.sysrq
    if line is None:
        return
    goes = cleanup(facts, policy).sysrq
    yield Finding(
        id="KD081",
        severity=Severity.WARNING,
        title="Version 1.0.0 allowed every SysRq key for good",
        current=SYSRQ_LINE if line.appended else f"{SYSRQ_LINE}, in place of a line of yours",
        wanted="what the machine had before, and the crash key",
        evidence=(Source(line.path, line.line, SYSRQ_LINE),),
        remedy=ENABLE if goes else f"put your own value into {line.path}, line {line.line}, or leave it",
        by_hand=not goes,
    )


def backup_piles(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD083: version 1.0.0 made a copy at each run and never removed one. They may be the only record of what a file
    held before, so they are a person's to remove."""
    paths = facts.leftovers.backups
    if paths:
        yield Finding(
            id="KD083",
            severity=Severity.INFO,
            title="Backups of version 1.0.0 lie in /etc/default",
            current=f"{len(paths)} files",
            wanted="none that nobody needs",
            evidence=tuple(Source(path) for path in paths),
            remedy="remove them once their content is not needed",
            by_hand=True,
        )
