"""Whether a rollout goes on with the next hosts: what the hosts before came to."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..report.document import from_play
from ..report.names import several
from ..verdict import Verdict

NAMED = 3
Variables = Callable[[str], Mapping[str, Any]]
GOOD = {Verdict.READY.value, Verdict.UNSUPPORTED.value}


@dataclass(frozen=True)
class Limits:
    """When a rollout stops: more failed hosts than `failures` (null for any number), or one of the first `canaries`.
    With `reboots` a host that is not ready at the end has failed, else one on which a step failed. What waits for a
    person, because `enable` does not change such a system, says nothing of the rollout."""

    failures: int | None
    canaries: int = 0
    reboots: bool = False


@dataclass(frozen=True)
class Course:
    """How a rollout goes: so many hosts had their turn, from the first on, and these of them have failed; where any
    number may, only canaries are told."""

    judged: int = 0
    failed: tuple[str, ...] = ()


def course(names: Sequence[str], active: Container[str], turn: int, variables: Variables, limits: Limits) -> Course:
    """How a rollout goes before the host at this place has its turn. `names` are all hosts of the play, in its order;
    `variables` gives those of one, which takes Ansible a while. So only the hosts since the last batch are judged: what
    was known before that is registered for its hosts. One that is not `active` any more may have that of another play.
    """
    known = Course()
    for name in reversed(names[:turn]):
        earlier = variables(name).get("kdump_rollout") if name in active else None
        if earlier:
            known = Course(earlier["judged"], tuple(earlier["failures"]))
            break
    fresh = names[known.judged : turn]
    counting = fresh if limits.failures is not None else fresh[: max(0, limits.canaries - known.judged)]
    failed = (name for name in counting if _has_failed(name, variables(name), limits.reboots))
    return Course(turn, (*known.failed, *failed))


def stop(names: Sequence[str], failed: Sequence[str], limits: Limits) -> str:
    """Why no further host is tried, as a clause; empty to go on."""
    first = [name for name in failed if name in names[: limits.canaries]]
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
