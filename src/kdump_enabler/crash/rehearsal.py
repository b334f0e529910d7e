"""A simulation before it is made: what it should lead to on a host, what runs it, and why it must not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..audit import Audit
from ..errors import UserError
from ..evidence import NOT_COLLECTED
from ..facts.detectors import loading_denied
from ..facts.machine import Facts
from ..objections import before_change, before_crash
from ..trouble import Trouble
from . import expectation, proof
from .expectation import Expected
from .simulation import Asked, Trigger, asked, trigger

TEST_LOCKUP = "/lib/modules/{0}/kernel/lib/test_lockup.ko"  # lib/Kconfig.debug: TEST_LOCKUP
FORCE = "Or pass --force (kdump_simulate_force=true)."
FORCED = ("not_ready", "not_seen")  # what --force goes past


@dataclass(frozen=True)
class Rehearsal:
    """`asked` with everything that the host decides; `expected` and `trigger` follow from it."""

    asked: Asked
    expected: Expected
    trigger: Trigger

    def record(self) -> dict[str, Any]:
        """As the result document holds it before it is made."""
        found = {"kind": self.asked.kind, "options": self.asked.as_dict(), "trigger": self.trigger.how}
        return {"state": "expected", **found, "expected": self.expected.as_dict(), "seen": None, "difference": None}


def rehearse(facts: Facts, captures_now: bool | None, kind: str, options: Mapping[str, Any]) -> Rehearsal:
    """What is about to be made. Raises UserError for what makes no sense, or not on this host."""
    one = expectation.with_duration(asked(kind, options), facts.detectors)
    made = trigger(one, facts.detectors.cpus, _has_test_lockup(facts))
    return Rehearsal(one, expectation.expected(one, facts.detectors, captures_now), made)


def unfinished(facts: Facts) -> bool:
    """Whether a simulation was begun on this host, and nobody looked at what it led to."""
    return facts.simulation is not None and facts.simulation.outcome is None


def note(facts: Facts, identifier: str, found: Rehearsal) -> dict[str, Any]:
    """What is kept on the host until somebody looks, as of a proof, with the simulation."""
    made = proof.note(facts, identifier)
    return {**made, "note": {**made["note"], "simulation": found.record()}}


def objection(audit: Audit, found: Rehearsal, alive: bool, force: bool) -> Trouble | None:
    """Why this host must not be troubled; null when it may be. `alive`: the run that is noted on it goes on; `force`:
    also where no dump would come out, or nobody would notice."""
    refused = before_change(audit, alive)
    if refused or audit.facts is None:
        return refused
    if unfinished(audit.facts):  # that is looked at, and nothing is made
        return None
    refused = before_crash(audit, force, force)
    if refused:
        hint = f"See `kdump-enabler check`. {FORCE}" if refused.kind in FORCED else refused.hint
        return replace(refused, hint=hint)
    denied = _denied(audit.facts) if found.trigger.how == "module" else None
    off = "" if force else expectation.is_off(found.asked, audit.facts.detectors)
    return denied or (_unnoticed(found, off) if off else None)


def _unnoticed(found: Rehearsal, why: str) -> Trouble:
    others = " and ".join(f"{one.name} detector after {one.after_seconds} s" for one in found.expected.detectors)
    only = f"; only the {others} would" if others else ""
    name = expectation.OWN[found.asked.kind]
    sentence = f"No {name} would be noticed here ({why}){only}, so it was not made"
    return Trouble("no_detector", sentence, f"Switch the detector on. {FORCE}", 1)


def _denied(facts: Facts) -> Trouble | None:
    """Why our module, which nobody signed, cannot be built or loaded here."""
    lockdown = f"the kernel is locked down ({facts.lockdown.mode})" if facts.lockdown.denies_unsigned else ""
    why = lockdown or loading_denied(facts.evidence)
    if why:
        sentence = f"The module that makes it is not signed, and here {why}"
        return Trouble("signature", sentence, "oom, memcg-oom and sysrq need no module.", 1)
    missing = _missing(facts)
    if missing and facts.platform:
        sentence = f"What builds the module is missing here: {', '.join(missing)}"
        hint = f"Install {' '.join(missing)} ({facts.platform.package_manager}); nothing was installed."
        return Trouble("no_build_tools", sentence, hint, 1)
    return None


def _missing(facts: Facts) -> list[str]:
    """The packages that are to be installed to build a module for the running kernel."""
    if facts.platform is None:
        return []
    headers = facts.evidence.file(f"/lib/modules/{facts.kernel}/build")
    gone = [headers.absent or headers.error == NOT_COLLECTED]
    gone += [facts.evidence.file(f"/usr/bin/{tool}").absent for tool in ("make", "gcc")]
    packages = [name.format(kernel=facts.kernel) for name in facts.platform.module_build]
    return [package for package, is_gone in zip(packages, gone, strict=True) if is_gone]


def _has_test_lockup(facts: Facts) -> bool:
    prefix = TEST_LOCKUP.format(facts.kernel)
    return any(path.startswith(prefix) for path in facts.evidence.files)


def bad_options(error: UserError) -> Trouble:
    """The refusal of options that make no sense."""
    return Trouble("bad_options", str(error), error.hint, 2)
