"""Systems whose next boot takes another snapshot, and those that `enable` leaves to a person."""

from __future__ import annotations

from collections.abc import Iterator

from .. import probe
from ..back_ends import by_hand
from ..facts import transactional
from ..facts.machine import Facts
from ..finding import REBOOT, Finding, Severity, Source
from ..policy import Policy
from .words import unseen

COMMAND = " ".join(probe.DEFAULT_SNAPSHOT)


def next_one(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD093: transactional-update begins with the snapshot that runs, so that each transaction discards what another
    made since the last boot (transactional-update(8)), such as one of its timer; and it ends well where
    setup-kdump could not enable the unit. kdump is gone with the next boot then."""
    if facts.changed_by != transactional.WAY:
        return
    if transactional.is_unseen(facts.evidence):
        yield unseen("KD093", "Which snapshot boots next", COMMAND)
    one, unit = facts.pending, facts.unit(facts.platform.unit) if facts.platform else None
    set_up_here = unit is not None and unit.unit_file_state == "enabled"
    if one is None or (one.has_kdump and one.starts_kdump) or not (set_up_here or one.has_kdump):
        return
    lacks = "kdump.service does not start there" if one.has_kdump else "kdump is not in it"
    back = f"; `transactional-update rollback {one.running}` stays with the one that runs" if set_up_here else ""
    yield Finding(
        id="KD093",
        severity=Severity.ERROR,
        title="The snapshot that boots next would load no capture kernel",
        current=f"snapshot {one.number} is the default, {one.running} runs; {lacks}",
        wanted=f"a default snapshot with kdump in it, enabled{back}",
        evidence=(Source(COMMAND, 0, f".snapshots/{one.number}/snapshot"),),
        remedy=by_hand.steps(facts, policy),
        blocks_capture=not facts.capture_loaded,
        by_hand=True,
    )


def left_to_a_person(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD094: packages and the kernel's command line of these systems are changed by a tool of their own, in a copy
    that the next boot takes (transactional-update(8), rpm-ostree(1)). `enable` writes what stands in /etc, and tells
    the rest to the letter."""
    if not facts.changed_by:
        return
    waiting = facts.pending
    next_ = f"; snapshot {waiting.number} waits for a reboot, {waiting.running} runs" if waiting else ""
    yield Finding(
        id="KD094",
        severity=Severity.INFO,
        title="Packages and boot entries are left to the administrator here",
        current=by_hand.why(facts) + next_,
        wanted="nothing, as long as a dump would come out",
        evidence=(by_hand.where(facts),),
        remedy=by_hand.first(facts, policy) or (REBOOT if waiting else "nothing"),
        by_hand=True,
    )


RULES = (next_one, left_to_a_person)
