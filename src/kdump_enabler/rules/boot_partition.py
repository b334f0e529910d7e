"""The partition that firmware and systemd-boot read."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts.boot_loader import ENTRY_FILES
from ..facts.machine import Facts
from ..facts.systemd_boot import why_unseen
from ..finding import Finding, Severity, Source
from ..policy import Policy
from .words import unseen as not_seen


def unseen(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD092: systemd-boot reads its entries from the EFI system partition, or from one for /boot beside it, and never
    from the root file system (systemd-boot(7)). Where that partition is not mounted, or a unified kernel image may be
    next, nobody can say what the next boot reserves, and `enable` changes nothing."""
    if facts.boot_loader not in ENTRY_FILES or not facts.privileged:
        return
    why = why_unseen(facts.evidence, facts.menu)
    if why and facts.evidence.listed is not None:
        yield not_seen("KD092", "Which entry boots next", facts.menu.config)
    elif why:
        yield Finding(
            id="KD092",
            severity=Severity.ERROR,
            title="Which entry boots next cannot be told",
            current=why,
            wanted="a boot entry with a file of its own",
            evidence=(Source(facts.menu.config),),
            remedy="mount it, and let /etc/fstab do so at boot; or let bootctl set-default choose another entry",
            by_hand=True,
        )
