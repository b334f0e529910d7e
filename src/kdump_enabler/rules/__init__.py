"""Rules: each looks at the facts of one machine and yields findings. Their docstrings say why, with the source."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ..back_ends import by_hand
from ..facts.machine import Facts
from ..finding import ENABLE, Finding
from ..policy import Policy
from . import (
    boot_partition,
    capture,
    capture_words,
    container,
    dumps,
    lasting,
    leftovers,
    loading,
    lockdown,
    next_boot,
    own_units,
    panics,
    proof,
    remembered,
    reservation,
    settings,
    snapshots,
    sysconfig,
    sysctl_files,
    targets,
)
from .words import after_root

Rule = Callable[[Facts, Policy], Iterable[Finding]]

# What holds of a machine that is not ours to configure, too.
ALWAYS: tuple[Rule, ...] = (container.of_tests,)
RULES: tuple[Rule, ...] = (
    *ALWAYS,
    capture.packages,
    reservation.reserved_now,
    reservation.reserved_at_next_boot,
    boot_partition.unseen,
    *snapshots.RULES,
    reservation.grub_defaults,
    reservation.boot_room,
    reservation.recommendation,
    reservation.reboots_through_kexec,
    next_boot.several,
    next_boot.entries_differ,
    next_boot.foreign_entry,
    next_boot.overridden,
    lasting.template,
    lasting.reset,
    capture.loaded,
    capture.loading_disabled,
    capture.service,
    capture.switched_on,
    capture.refused,
    capture.waits,
    capture.initrd,
    *capture_words.RULES,
    *own_units.RULES,
    loading.removed,
    loading.failed,
    lockdown.lockdown,
    *sysconfig.RULES,
    *targets.RULES,
    dumps.private,
    dumps.readable,
    settings.panic_at_next_boot,
    settings.panic_now,
    settings.unexplained_nmi,
    *panics.RULES,
    sysctl_files.written_later,
    sysctl_files.read_again,
    settings.sysrq,
    settings.sysrq_off,
    leftovers.prepended,
    leftovers.sysrq_line,
    leftovers.backup_piles,
    remembered.policy,
    remembered.interrupted,
    *proof.RULES,
)


def run(facts: Facts, policy: Policy) -> tuple[Finding, ...]:
    """Every finding, in the order of the rules."""
    rules = ALWAYS if facts.unsupported else RULES
    found = tuple(finding for rule in rules for finding in rule(facts, policy))
    found = tuple(map(after_root, found)) if facts.privileged else found
    first = "" if facts.unsupported else by_hand.first(facts, policy)
    return tuple(_after(first, finding) for finding in found) if first else found


def _after(first: str, finding: Finding) -> Finding:
    """A finding that `enable` mends once somebody typed that."""
    return replace(finding, remedy=first, by_hand=True) if finding.remedy == ENABLE else finding
