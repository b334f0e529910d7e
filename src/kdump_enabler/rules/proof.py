"""Whether a crash on purpose has shown that a dump comes out, and whether what it showed still holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..crash.proof import DAY, Standing, State, standing
from ..facts.crashkernel import MIB
from ..facts.machine import Facts
from ..facts.proofs import RECORD
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy
from .words import mib

PROVE = "kdump-enabler prove"
MOST_USED = 0.85
# What comes before the next proof.
FIRST = {
    "no_space": "make room for dumps, then {0}",
    "out_of_memory": "reserve more (kdump-enabler enable does), then {0}",
    "target": "let the capture kernel reach the place for dumps, then {0}",
}


def demanded(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD100: configured is not captured; only a crash on purpose whose dump was opened proves the whole way. The
    policy can demand such a proof, and how old it may be (kdump_proof_max_age_days)."""
    days, found = policy.proof_max_age_days, standing(facts)
    if days is None or found.state is State.FAILED:
        return
    if found.state is not State.PROVEN:
        yield _finding("KD100", Severity.ERROR, "No proof that a dump comes out", _said(found), f"of {days} days")
    elif found.age_seconds is not None and found.age_seconds > days * DAY:
        age = f"{found.age_seconds // DAY} days old"
        yield _finding("KD100", Severity.ERROR, "The proof that a dump comes out is old", age, f"of {days} days")


def stale(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD101: a proof is bound to the kernel, the memory reserved for it, the capture initrd, the configuration of
    kdump, the target and makedumpfile that it was made with. With another of these it says nothing of the next
    crash, although it may well go as the last one did."""
    found = standing(facts)
    if found.state is State.STALE and policy.proof_max_age_days is None:
        yield _finding("KD101", Severity.WARNING, "The proof does not hold any more", _said(found), "proven again")


def failed(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD102: the last crash on purpose left no usable dump, and nothing that it depends on was changed since: the
    next panic would most likely leave none either, whatever the configuration says."""
    found = standing(facts)
    if found.state is State.FAILED:
        said = "; it said: ".join(filter(None, [found.outcome["sentence"], found.outcome.get("line", "")]))
        remedy = FIRST.get(found.outcome["kind"], "find out why, then {0}").format(PROVE)
        yield replace(
            _finding("KD102", Severity.ERROR, "The last crash on purpose left no usable dump", said, "a whole dump"),
            remedy=remedy,
        )


def unfinished(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD103: a crash on purpose was begun, and nobody has looked at what came out: the controller was lost on the
    way, or this machine proved itself and has come back. `prove` looks first, and crashes nothing then."""
    found = standing(facts)
    if found.state is State.UNFINISHED:
        begun = f"begun {found.at}"
        yield _finding("KD103", Severity.WARNING, "A proof was never finished", begun, "what came out, looked at")


def tight(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD104: what the capture kernel needs grows with drivers and firmware, with CPUs and with the busyness of its
    disks and network, so that one that just had enough in a crash on purpose may lack it in the next. The least that
    was available (MemAvailable, proc(5)) is measured every 0.2 seconds from when the file systems are mounted until
    the dump is written; what the start of the kernel takes before that is not in it."""
    use = facts.proof.memory_use if facts.proof and standing(facts).state is State.PROVEN else None
    if use and use.used_bytes > MOST_USED * use.whole_bytes:
        used = f"{mib(use.used_bytes)} of {mib(use.whole_bytes)} used"
        wanted = f"{2 * use.whole_bytes // MIB}M"
        found = _finding("KD104", Severity.WARNING, "The capture kernel had hardly any memory left", used, wanted)
        yield replace(found, remedy=f"{ENABLE} --crashkernel {wanted}")


def _said(found: Standing) -> str:
    return "; ".join(found.changed) or found.state.value


def _finding(identifier: str, severity: Severity, title: str, current: str, wanted: str) -> Finding:
    return Finding(
        id=identifier,
        severity=severity,
        title=title,
        current=current,
        wanted=wanted,
        evidence=(Source(RECORD),),
        remedy=PROVE,
        by_hand=True,
    )


RULES = (demanded, stale, failed, unfinished, tight)
