"""Whether a rollout goes on with the next hosts: what the hosts before came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .report.document import from_play
from .report.names import several
from .verdict import Verdict

NAMED = 3
GOOD = {Verdict.READY.value, Verdict.UNSUPPORTED.value}


@dataclass(frozen=True)
class Limits:
    """When a rollout stops: more failed hosts than `failures` (null for any number), or one of the first `canaries`.
    With `reboots` a host that is not ready at the end has failed, else one on which a step failed. What waits for a
    person, because `enable` does not change such a system, says nothing of the rollout."""

    failures: int | None
    canaries: int = 0
    reboots: bool = False


def stop(hosts: Mapping[str, Mapping[str, Any]], limits: Limits) -> str:
    """Why no further host is tried, as a clause; empty to go on. `hosts` are the variables of all hosts of the play, in
    its order; those that were not tried yet have nothing registered."""
    failed = [name for name, found in hosts.items() if _has_failed(name, found, limits.reboots)]
    first = [name for name in failed if name in list(hosts)[: limits.canaries]]
    if first:
        return f"the canary {several(first, NAMED)} failed"
    if limits.failures is None or len(failed) <= limits.failures:
        return ""
    return f"{several(failed, NAMED)} failed"


def _has_failed(name: str, found: Mapping[str, Any], reboots: bool) -> bool:
    if "kdump_audit" not in found:
        return False
    record = from_play(name, found)
    if "trouble" in record or record["facts"] is None:
        return True
    return reboots and record["verdict"] not in GOOD and not record["facts"].get("changed_by")
