"""From evidence to the record of one host: facts, findings, verdict and plan in one call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from . import rules
from .changing import planning
from .changing.plan import Plan
from .changing.wanted import Reserve, candidates, reserve
from .crash.proof import standing
from .evidence import Evidence
from .facts import backups, late_arming, machine
from .facts.machine import Facts
from .facts.sysctl import Setting
from .finding import Finding, Severity
from .judging import captures_now, decide
from .policy import OWN, Origin, Policy
from .verdict import EXIT_CODES, Verdict

WAITING = ("activating", "inactive")
STARTED = ("enabled", "static")  # our own load unit is wanted by a file, and not enabled


@dataclass(frozen=True)
class Audit:
    """One machine, judged against a policy. `facts` is null for a host that could not be asked."""

    verdict: Verdict
    captures_now: bool | None
    findings: tuple[Finding, ...]
    plan: Plan
    facts: Facts | None
    wanted: Reserve | None = None
    candidates: tuple[Reserve, ...] = ()
    policy: tuple[Origin, ...] = ()

    @property
    def needs_reboot(self) -> bool:
        """Only a reboot is missing, beside what is left to the administrator."""
        errors = [finding for finding in self.findings if finding.severity is Severity.ERROR]
        return bool(errors) and all(finding.needs_reboot for finding in errors)

    @property
    def next_boot_differs(self) -> bool:
        """The next boot asks for another reservation than this one did."""
        facts = self.facts
        return bool(facts and facts.next_boot and facts.running and facts.next_boot.text != facts.running.text)

    @property
    def settled(self) -> bool:
        """The unit that loads the capture kernel is through with it, and so is ours after it, or there are none."""
        unit = self.facts.unit(self.facts.platform.unit) if self.facts and self.facts.platform else None
        starting = unit is not None and unit.unit_file_state in STARTED and unit.active_state in WAITING
        return not starting and not (self.facts and _arms(self.facts))

    @property
    def _at(self) -> str | None:
        """When the machine was looked at: ISO 8601 in UTC; null for a time that is not known."""
        seconds = self.facts.evidence.collected_at if self.facts else 0
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds") if seconds else None

    def as_dict(self, host: str) -> dict[str, Any]:
        """The host's record in the result document."""
        return {
            "host": host,
            "seen": {
                "how": "live",
                "source": "",
                "at": self._at,
            },
            "verdict": self.verdict.value,
            "captures_now": self.captures_now,
            "exit_code": EXIT_CODES[self.verdict],
            "reason": self.facts.unsupported if self.facts else "",
            "facts": _facts(self.facts, self.wanted, self.candidates) if self.facts else None,
            "findings": [finding.as_dict() for finding in self.findings],
            "plan": self.plan.steps(),
            "policy": [asdict(origin) for origin in self.policy],
            "backups": backups.as_records(self.facts.backups) if self.facts else None,
            "proof": standing(self.facts).as_dict() if self.facts else None,
        }


def _arms(facts: Facts) -> bool:
    """Our unit has yet to set what makes events panic; where no capture kernel is loaded, it never will."""
    sources = {setting.next_boot.source for setting in facts.settings.values() if setting.next_boot}
    unit = facts.unit(late_arming.UNIT.rpartition("/")[2])
    waits = unit is not None and unit.active_state in WAITING
    return waits and late_arming.VALUES in sources and bool(facts.capture_loaded)


def audit(evidence: Evidence, policy: Policy, goal: str = "enable", test_container: bool = False) -> Audit:
    """Judge one machine; the goal of the plan is `enable`, `disable`, `purge` (`disable` with the packages that we
    installed), `rollback` (no more than a killed run to end), `prove` or `simulate` (nothing). With `test_container` a
    container is judged like a machine, and every result says so. Pure."""
    facts = machine.read(evidence, test_container, policy.provider == OWN)
    findings = rules.run(facts, policy)
    want = reserve(facts, policy)
    return Audit(
        verdict=decide(facts, findings),
        captures_now=captures_now(facts),
        findings=tuple(sorted(findings, key=lambda finding: list(Severity).index(finding.severity))),
        plan=_plan(facts, policy, goal),
        facts=facts,
        wanted=want if want and want.text else None,
        candidates=tuple(candidates(facts, policy)),
        policy=policy.origins,
    )


def _plan(facts: Facts, policy: Policy, goal: str) -> Plan:
    if goal in ("prove", "simulate"):
        return Plan()
    if goal == "rollback":  # what it does is in the backup set, not in the facts
        return planning.go_back(facts)
    return planning.make(facts, policy) if goal == "enable" else planning.take_away(facts, purge=goal == "purge")


def _facts(facts: Facts, wanted: Reserve | None, candidates: Iterable[Reserve]) -> dict[str, Any]:
    return {
        "platform": facts.platform.key if facts.platform else None,
        "name": facts.release.name if facts.release else None,
        "family": facts.platform.family if facts.platform else None,
        "package_manager": facts.platform.package_manager if facts.platform else None,
        "boot_loader": facts.boot_loader,
        "changed_by": facts.changed_by or None,
        "kernel": facts.kernel,
        "arch": facts.arch,
        "boot_id": facts.boot_id,
        "memory_bytes": facts.memory_bytes,
        "privileged": facts.privileged,
        "crashkernel": {
            "running": facts.running.text if facts.running else None,
            "running_bytes": facts.reserved_bytes,
            "next_boot": facts.next_boot.text if facts.next_boot else None,
            "next_boot_bytes": facts.next_boot.size_bytes if facts.next_boot else None,
            "wanted": f"crashkernel={wanted.text}" if wanted else None,
            "wanted_bytes": wanted.size_bytes if wanted else None,
            "candidates": [
                {"text": one.text, "bytes": one.size_bytes, "reason": one.reason, "chosen": one == wanted}
                for one in candidates
            ],
        },
        "settings": [_setting(facts.settings[key]) for key in sorted(facts.settings)],
        "capture_kernel_loaded": facts.capture_loaded,
        "dump_directory": {
            "path": facts.dump_directory.path,
            "local": facts.dump_directory.local,
            "sent_to": [target.written for target in facts.config.targets],
        },
        "dumps": list(facts.dump_directory.dumps),
    }


def _setting(setting: Setting) -> dict[str, Any]:
    found = setting.next_boot
    return {
        "key": setting.key,
        "running": setting.running,
        "next_boot": found.value if found else None,
        "next_boot_source": {"source": found.source, "line": found.line} if found else None,
        "lines": [asdict(mention) for mention in setting.mentions],
    }
