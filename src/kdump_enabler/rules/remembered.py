"""Whether the machine remembers what was chosen for it."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts.machine import Facts
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy
from ..policy_file import HOST_FILE
from .words import unseen


def policy(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD090: what `enable` was told is written to /etc/kdump-enabler/policy.yml, so that a later check goes by it
    and does not call a choice a fault (README, "Policy")."""
    if facts.remembered is None:
        yield unseen("KD090", "The policy that this machine keeps", HOST_FILE)
    elif policy.stated != facts.remembered:
        different = sorted(key for key in policy.stated if policy.stated[key] != facts.remembered.get(key))
        yield Finding(
            id="KD090",
            severity=Severity.INFO,
            title="The policy of this run is not kept on the machine yet",
            current=", ".join(f"{key}: {facts.remembered.get(key, 'not stated')}" for key in different),
            wanted=", ".join(f"{key}: {policy.stated[key]}" for key in different),
            evidence=(Source(HOST_FILE),),
            remedy=ENABLE,
        )
