"""What earlier runs left on the machine: the policy that was chosen, and whether one was killed."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts.machine import Facts
from ..facts.runs import RECORD
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy
from ..policy.policy_file import HOST_FILE
from .proof import PROVE
from .words import unseen

UNSTATED = "not stated"


def policy(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD090: what `enable` was told is written to /etc/kdump-enabler/policy.yml, so that a later check goes by it
    and does not call a choice a fault (docs/policy.md)."""
    if facts.remembered is None:
        yield unseen("KD090", "The policy that this machine keeps", HOST_FILE)
    elif policy.stated != facts.remembered:
        stated, kept = policy.stated, facts.remembered
        different = sorted(key for key in {**kept, **stated} if kept.get(key, UNSTATED) != stated.get(key, UNSTATED))
        yield Finding(
            id="KD090",
            severity=Severity.INFO,
            title="The policy of this run is not kept on the machine yet",
            current=", ".join(f"{key}: {kept.get(key, UNSTATED)}" for key in different),
            wanted=", ".join(f"{key}: {stated.get(key, UNSTATED)}" for key in different),
            evidence=(Source(HOST_FILE),),
            remedy=ENABLE,
        )


def interrupted(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD091: a run that changes a machine is noted on it until it ends. One that was killed left the machine in
    between, though always bootable: `enable` ends what it began, `rollback` takes it back."""
    run = facts.run
    if run is not None:
        yield Finding(
            id="KD091",
            severity=Severity.WARNING,
            title="A run was killed before its end" if run.over else "A run is changing this machine, or was killed",
            current=f"{run.goal} {run.name}, begun {run.started_at}" if run.name else "its note cannot be read",
            wanted="no run under way",
            evidence=(Source(RECORD, 0, run.name),),
            remedy=PROVE if run.goal == "prove" else ENABLE,
        )
